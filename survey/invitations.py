"""Step 2: the decision to ask, or not to ask, one contact about one closing of a job, and what becomes of it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, insert, select
from sqlalchemy.orm import Session, contains_eager

from survey import tokens
from survey.asking.deciding import (
    WAITING,
    House,
    apply,
    decide_now,
    decided,
    facts_now,
    load_cases,
    load_house,
    lock_recipients,
    move,
)
from survey.asking.eligibility import decide
from survey.asking.facts import earlier_survey
from survey.asking.overrides import cancel, hold, reconsider, resume, send_now, withdraw
from survey.asking.pausing import last_pause_over, too_late_because
from survey.asking.reasons import explain
from survey.asking.terms import Facts, Outcome, Policy
from survey.config import Settings
from survey.models import Client, Invitation, InvitationState, Job, Resolution, SchedulePause
from survey.questionnaires.versions import version_for

__all__ = ["cancel", "explain", "hold", "reconsider", "resume", "send_now", "withdraw"]  # the rest is defined here

LOOK_AGAIN = timedelta(days=1)  # for the proof that the first email arrived
TOKEN_PURPOSE = "survey"  # noqa: S105 - the name of a purpose, no secret


def schedule_batch(session: Session, secret_key: str, now: datetime, limit: int = 500) -> int:
    """Decide about resolutions that have no invitation yet: SCHEDULED, HELD or SKIPPED, with every verdict.

    Returns how many were decided; 0 when there is nothing left to decide.
    """
    statement = (
        select(Resolution)
        .join(Resolution.job)
        .join(Job.contact)
        .join(Job.client)
        .where(~select(Invitation.id).where(Invitation.resolution_id == Resolution.id).exists())
        .options(
            contains_eager(Resolution.job).contains_eager(Job.contact),
            contains_eager(Resolution.job).contains_eager(Job.client),
        )
        .order_by(Resolution.id)
        .limit(limit)
        .with_for_update(of=Resolution, skip_locked=True)
    )
    resolutions = session.scalars(statement).all()
    if not resolutions:
        return 0
    house = load_house(session)
    found = zip(resolutions, load_cases(session, resolutions, house, now), strict=True)
    rows = [_new_row(resolution, facts, house, secret_key, now) for resolution, facts in found]
    session.execute(insert(Invitation), rows)
    for resolution in resolutions:
        session.expire(resolution, ["invitation"])
    return len(rows)


def _new_row(resolution: Resolution, facts: Facts, house: House, secret_key: str, now: datetime) -> dict[str, Any]:
    job, seed = resolution.job, tokens.new_seed()
    due_at = house.due_at(resolution, seed)
    return {
        "resolution_id": resolution.id,
        "contact_id": job.contact_id,
        "client_id": job.client_id,
        "due_at": due_at,
        "expires_at": house.too_late_at(resolution),
        "seed": seed,
        "token_hash": tokens.fingerprint(tokens.derive(secret_key, TOKEN_PURPOSE, seed)),
        **decided(decide(facts, house.policy, now, at=due_at), now),
    }


def nothing_pauses() -> ColumnElement[bool]:
    """The condition that the switch which pauses everything is not pressed."""
    return ~select(SchedulePause.id).where(SchedulePause.in_force.is_(True)).exists()


def survey_is_due(now: datetime) -> ColumnElement[bool]:
    """The condition on invitations whose first email is due."""
    return and_(Invitation.state == InvitationState.SCHEDULED, Invitation.due_at <= now, nothing_pauses())


def reminder_is_due(now: datetime) -> ColumnElement[bool]:
    """The condition on open, unanswered surveys whose next reminder is due."""
    return and_(
        Invitation.state == InvitationState.SENT,
        Invitation.reminder_due_at <= now,
        Invitation.expires_at > now,
        nothing_pauses(),
    )


def due_invitations(session: Session, now: datetime, limit: int = 200) -> list[Invitation]:
    """The SCHEDULED invitations that are due, locked for this transaction together with their clients and contacts."""
    statement = (
        select(Invitation)
        .where(survey_is_due(now))
        .order_by(Invitation.due_at, Invitation.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = list(session.scalars(statement))
    lock_recipients(session, found)
    return found


def release(session: Session, invitation: Invitation, now: datetime) -> bool:
    """Ask every rule again at the moment of sending.

    True: the invitation is SENT, the survey is open until `expires_at`, and the email belongs into the outbox in this
    same transaction. False: it was moved (outside the contact's hours it stays SCHEDULED, later).
    """
    lock_recipients(session, [invitation])
    if invitation.state is not InvitationState.SCHEDULED:
        return False
    house, contact = load_house(session), invitation.contact
    forced = invitation.forced_by_id is not None
    decision = decide_now(session, invitation.resolution, house, now, forced=forced)
    if decision.outcome is not Outcome.ASK:
        apply(invitation, decision, now)
        return False
    if not forced and house.next_open(now, contact) > now:
        invitation.due_at = house.next_open(now, contact, invitation.seed)
        return False
    if not forced and invitation.due_at > now:
        return False
    apply(invitation, decision, now)
    move(invitation, InvitationState.SENT, decision.reason if forced else "", now)
    invitation.sent_at = now
    invitation.version = version_for(session, invitation.resolution.job.kind, now)
    invitation.version_id = invitation.version.id
    invitation.expires_at = now + timedelta(days=house.policy.expire_after_days)
    _plan_reminder(invitation, house)
    session.flush()
    return True


def _plan_reminder(invitation: Invitation, house: House) -> None:
    """Set when the next reminder is due; None when that was the last, or it would come after the survey closes."""
    assert invitation.sent_at is not None
    due_at = house.reminder_due_at(invitation.sent_at, invitation.reminders_sent, invitation.contact, invitation.seed)
    invitation.reminder_due_at = due_at if due_at and due_at < invitation.expires_at else None


def due_reminders(session: Session, now: datetime, limit: int = 200, *, receipts: bool = False) -> list[Invitation]:
    """Open, unanswered surveys of which a reminder is due, locked for this transaction.

    One that is late (the worker was down) and now outside the contact's hours is moved to when they open again. With
    `receipts` (this way of sending tells what arrived) one whose first email has not arrived waits another day.
    """
    statement = (
        select(Invitation)
        .where(reminder_is_due(now))
        .order_by(Invitation.reminder_due_at, Invitation.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found, house = list(session.scalars(statement)), load_house(session)
    due = []
    for invitation in found:
        unproven = receipts and invitation.delivered_at is None
        opens = house.next_open(now + LOOK_AGAIN if unproven else now, invitation.contact)
        if opens == now:
            due.append(invitation)
        else:
            later = house.next_open(opens, invitation.contact, f"{invitation.seed}/{invitation.reminders_sent}")
            invitation.reminder_due_at = later if later < invitation.expires_at else None
    return due


def mark_reminded(session: Session, invitation: Invitation, now: datetime) -> None:
    """A reminder is in the outbox; the next one, if the firm's rules have one, is planned."""
    invitation.reminded_at, invitation.reminders_sent = now, invitation.reminders_sent + 1
    _plan_reminder(invitation, load_house(session))
    session.flush()


def mark_delivered(session: Session, invitation: Invitation, at: datetime) -> None:
    """The first email arrived: only now may a reminder follow."""
    if invitation.delivered_at is None:
        invitation.delivered_at = at
        session.flush()


def reason_not_to_send(session: Session, invitation: Invitation, *, reminder: bool, now: datetime) -> str | None:
    """Why this email must not go out after all, asked in the transaction that records it as being sent; None: send.

    Much can have happened since it was put into the outbox: an answer, an unsubscribe, the job opened again.
    """
    lock_recipients(session, [invitation])
    session.refresh(invitation)
    if invitation.state is not InvitationState.SENT:
        return invitation.reason or f"The survey is {invitation.state.value}."
    if invitation.expires_at <= now:
        return "The survey has closed."
    house = load_house(session)
    stop = _stop_after_release(facts_now(session, invitation.resolution, house, now), house.policy, now)
    if stop or reminder or invitation.forced_by_id is not None:
        return stop
    other = earlier_survey(session, invitation, house.policy)
    return f"Another survey went to the same address on {other.day} {other:%B}." if other else None


def _stop_after_release(facts: Facts, policy: Policy, now: datetime) -> str | None:
    """The rules that hold until the last moment: all that a manager may not override, but for age."""
    decision = decide(facts, policy, now, forced=True)
    return next((v.why for v in decision.verdicts if not v.passed and v.rule != "recent enough"), None)


def mark_unsent(session: Session, invitation: Invitation, reason: str, now: datetime) -> None:
    """The first email was cancelled in the outbox: nobody was asked, so the invitation counts neither as sent nor as
    silence. Does nothing to one that was answered, withdrawn or cancelled in the meantime."""
    if invitation.state is InvitationState.SENT:
        move(invitation, InvitationState.SKIPPED, reason, now)
        invitation.sent_at = invitation.reminder_due_at = None
        session.flush()


def resume_held(session: Session, now: datetime, limit: int = 200) -> int:
    """Put back the surveys that waited for a flag which is closed now. Returns how many."""
    still_hurting = Client.surveys_held_at.is_not(None) if load_house(session).policy.hold_while_hurting else false()
    statement = (
        select(Invitation)
        .join(Client, Client.id == Invitation.client_id)
        .where(Invitation.state == InvitationState.HELD, Invitation.changed_by_id.is_(None), ~still_hurting)
        .order_by(Invitation.id)
        .limit(limit)
        .with_for_update(of=Invitation, skip_locked=True)
    )
    found = session.scalars(statement).all()
    for invitation in found:
        resume(session, invitation, None, now)
    return len(found)


def expire_batch(session: Session, now: datetime, limit: int = 200) -> int:
    """Close surveys that nobody answered in time, give up those that waited until it was too late; returns how many."""
    statement = (
        select(Invitation)
        .where(Invitation.state.in_(WAITING | {InvitationState.SENT}), Invitation.expires_at <= now)
        .order_by(Invitation.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(statement).all()
    for invitation in found:
        if invitation.state is InvitationState.SENT:
            move(invitation, InvitationState.EXPIRED, "Nobody answered before the survey closed.", now)
            invitation.client.add_evidence()
        else:
            move(invitation, InvitationState.SKIPPED, _why_too_late(session, invitation), now)
    return len(found)


def _why_too_late(session: Session, invitation: Invitation) -> str:
    if invitation.state is InvitationState.HELD:
        return "It was held until it was too late to ask."
    pause = last_pause_over(session, invitation.due_at, invitation.expires_at)
    return too_late_because(pause) if pause else "It was waiting until it was too late to ask."


def find_by_token(session: Session, token: str) -> Invitation | None:
    """The invitation that a survey link opens; None for a link we never made."""
    return session.scalar(select(Invitation).where(Invitation.token_hash == tokens.fingerprint(token)))


def survey_url(settings: Settings, invitation: Invitation) -> str:
    """The link in the email: `{PUBLIC_URL}/s/{token}`.

    After a change of SECRET_KEY the same seed gives another token; the invitation then opens by the new one.
    """
    assert settings.secret_key is not None
    token = tokens.derive(settings.secret_key, TOKEN_PURPOSE, invitation.seed)
    if invitation.token_hash != tokens.fingerprint(token):
        invitation.token_hash = tokens.fingerprint(token)
    return f"{settings.base_url}/s/{token}"
