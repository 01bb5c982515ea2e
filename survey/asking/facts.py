"""Loads what the eligibility rules need to know, for many resolutions in a handful of queries."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from survey.asking.eligibility import QUARTER_DAYS
from survey.asking.rotation import Turn
from survey.asking.schedule import zone_for
from survey.asking.terms import Facts, Policy
from survey.models import (
    Contact,
    Firm,
    Invitation,
    InvitationState,
    Repair,
    Resolution,
    ResponseOrigin,
    SurveyResponse,
)
from survey.models.clients import DECISION_MAKER
from survey.sampling import draw

NOTHING_OWN: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True)
class Asked:
    """One survey that went to an address: when, about which job, and through which invitation (None: imported)."""

    at: datetime
    job_id: int
    invitation_id: int | None
    withdrawn: bool = False
    contact_id: int = 0


def policy_of(firm: Firm, shares: Mapping[str, int]) -> Policy:
    """The firm's settings as the rules read them; `shares`: kind → per cent of the jobs that are asked about."""
    return Policy(
        excluded_kinds=frozenset(kind.casefold() for kind in firm.excluded_kinds or ()),
        delay_hours=firm.delay_hours,
        kind_delays={kind: int(hours) for kind, hours in (firm.kind_delays or {}).items()},
        expire_after_days=firm.expire_after_days,
        contact_rest_days=firm.contact_rest_days,
        client_budget=firm.client_budget,
        client_budget_days=firm.client_budget_days,
        hold_while_hurting=firm.hold_while_hurting,
        shares=shares,
        zone=zone_for(firm.timezone),
    )


def load_facts(
    session: Session,
    resolutions: Sequence[Resolution],
    policy: Policy,
    now: datetime,
    own: Mapping[int, int] = NOTHING_OWN,
    first_due_at: Callable[[Resolution], datetime] | None = None,
) -> list[Facts]:
    """The facts about each resolution, in the same order. Job, contact and client should be loaded already.

    `own`: resolution id → its own invitation's id, which counts neither for rest nor for the budget. `first_due_at`:
    when the schedule has a resolution's first email.
    """
    contacts = [resolution.job.contact for resolution in resolutions]
    asked = _asked_by_address(session, {contact.email for contact in contacts}, policy, now)
    clients = {contact.client_id for contact in contacts}
    budgets = _asked_by_client(session, clients, policy, now)
    waiting, deciders = _waiting_by_client(session, clients, policy, now), _deciders_by_client(session, clients)
    answered = _answered_at(session, [resolution.id for resolution in resolutions])
    return [
        _facts(
            resolution,
            own.get(resolution.id),
            asked[resolution.job.contact.email],
            budgets[resolution.job.client_id],
            answered,
            first_due_at=first_due_at(resolution) if first_due_at else None,
            client_waiting=tuple(waiting[resolution.job.client_id]),
            client_deciders=tuple(deciders[resolution.job.client_id]),
        )
        for resolution in resolutions
    ]


def _facts(
    resolution: Resolution,
    own: int | None,
    asked: list[Asked],
    budget: list[Asked],
    answered: dict[int, datetime],
    **more: Any,
) -> Facts:
    job, contact, client = resolution.job, resolution.job.contact, resolution.job.client
    others = [
        survey.at
        for survey in asked
        if (survey.invitation_id is None or survey.invitation_id != own)
        and not (survey.withdrawn and survey.job_id == job.id)  # taken back unanswered: this job asks once more
    ]
    return Facts(
        completed_at=resolution.completed_at,
        reopened_at=resolution.reopened_at,
        kind=job.kind,
        draw=draw(job.source, job.external_id, resolution.sequence),
        exclusion=job.exclusion.value if job.exclusion else None,
        internal_client=client.internal,
        client_name=client.name,
        contact_name=contact.name,
        email=contact.email,
        left_at=contact.left_at,
        wrong_at=contact.wrong_at,
        mail_block=contact.mail_block.value if contact.mail_block else None,
        mail_blocked_at=contact.mail_blocked_at,
        last_asked_at=max(others, default=None),
        asks_less=contact.asks_less_at is not None,
        client_asked=tuple(survey.at for survey in budget if survey.invitation_id != own),
        client_asked_whom=tuple(survey.contact_id for survey in budget if survey.invitation_id != own),
        asking=_turn(contact),
        held_at=client.surveys_held_at,
        held_reason=client.surveys_held_reason,
        answered_at=answered.get(resolution.id),
        **more,
    )


def _asked_by_address(session: Session, emails: set[str], policy: Policy, now: datetime) -> dict[str, list[Asked]]:
    """The surveys of the last quarter by address: ours, and answers imported from the tool used before."""
    since = now - timedelta(days=max(policy.contact_rest_days, QUARTER_DAYS))
    found: dict[str, list[Asked]] = defaultdict(list)
    sent = (
        select(
            Contact.email,
            Invitation.sent_at,
            Resolution.job_id,
            Invitation.id,
            Invitation.state,
        )
        .join(Contact, Contact.id == Invitation.contact_id)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .where(Contact.email.in_(emails), Invitation.sent_at > since)
    )
    passed_on = (
        select(Contact.email, Repair.asked_at, Resolution.job_id, Invitation.id, Invitation.state)
        .join(Contact, Contact.id == Repair.contact_id)
        .join(Invitation, Invitation.id == Repair.invitation_id)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .where(Contact.email.in_(emails), Repair.asked_at > since)
    )
    for email, at, job_id, invitation_id, state in session.execute(sent.union_all(passed_on)):
        if at is not None:
            found[email].append(Asked(at, job_id, invitation_id, withdrawn=state is InvitationState.WITHDRAWN))
    imported = (
        select(Contact.email, SurveyResponse.submitted_at, Resolution.job_id)
        .join(Contact, Contact.id == SurveyResponse.contact_id)
        .join(Resolution, Resolution.id == SurveyResponse.resolution_id)
        .where(
            Contact.email.in_(emails),
            SurveyResponse.origin == ResponseOrigin.IMPORT,
            SurveyResponse.submitted_at > since,
            SurveyResponse.submitted_at <= now,
        )
    )
    for email, at, job_id in session.execute(imported):
        found[email].append(Asked(at, job_id, None))
    return found


def _asked_by_client(session: Session, client_ids: set[int], policy: Policy, now: datetime) -> dict[int, list[Asked]]:
    since = now - timedelta(days=policy.client_budget_days)
    found: dict[int, list[Asked]] = defaultdict(list)
    sent = (
        select(Invitation.client_id, Invitation.sent_at, Resolution.job_id, Invitation.id, Invitation.contact_id)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .where(Invitation.client_id.in_(client_ids), Invitation.sent_at > since)
    )
    for client_id, at, job_id, invitation_id, contact_id in session.execute(sent):
        if at is not None:
            found[client_id].append(Asked(at, job_id, invitation_id, contact_id=contact_id))
    return found


def _waiting_by_client(session: Session, client_ids: set[int], policy: Policy, now: datetime) -> dict[int, list[Turn]]:
    """The contacts for whom a survey waits that is due while the budget of today counts."""
    found: dict[int, list[Turn]] = defaultdict(list)
    waiting = (
        select(Contact.client_id, Contact.id, Contact.name, Contact.role)
        .join(Invitation, Invitation.contact_id == Contact.id)
        .where(
            Invitation.client_id.in_(client_ids),
            Invitation.state == InvitationState.SCHEDULED,
            Invitation.due_at <= now + timedelta(days=policy.client_budget_days),
        )
        .order_by(Contact.id)
        .distinct()
    )
    for client_id, contact_id, name, role in session.execute(waiting):
        found[client_id].append(Turn(contact_id, role == DECISION_MAKER, name))
    return found


def _deciders_by_client(session: Session, client_ids: set[int]) -> dict[int, list[Turn]]:
    found: dict[int, list[Turn]] = defaultdict(list)
    deciders = (
        select(Contact.client_id, Contact.id, Contact.name)
        .where(
            Contact.client_id.in_(client_ids),
            Contact.role == DECISION_MAKER,
            Contact.left_at.is_(None),
            Contact.wrong_at.is_(None),
            Contact.mail_block.is_(None),
        )
        .order_by(Contact.id)
    )
    for client_id, contact_id, name in session.execute(deciders):
        found[client_id].append(Turn(contact_id, True, name))
    return found


def _turn(contact: Contact) -> Turn:
    return Turn(contact.id, contact.role == DECISION_MAKER, contact.name)


def _answered_at(session: Session, resolution_ids: Sequence[int]) -> dict[int, datetime]:
    answers = select(SurveyResponse.resolution_id, SurveyResponse.submitted_at).where(
        SurveyResponse.resolution_id.in_(resolution_ids)
    )
    return {resolution_id: at for resolution_id, at in session.execute(answers)}  # noqa: C416 - as in queries


def earlier_survey(session: Session, invitation: Invitation, policy: Policy) -> datetime | None:
    """When another survey went to the same address shortly before this one; of two at once, the lower id goes.

    A survey of the same job that was withdrawn does not count.
    """
    sent_at = invitation.sent_at
    if sent_at is None or policy.contact_rest_days <= 0:
        return None
    same_job = invitation.resolution.job_id
    statement = (
        select(Invitation.sent_at)
        .join(Contact, Contact.id == Invitation.contact_id)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .where(
            Contact.email == invitation.contact.email,
            Invitation.id != invitation.id,
            Invitation.sent_at > sent_at - timedelta(days=policy.contact_rest_days),
            or_(Invitation.sent_at < sent_at, and_(Invitation.sent_at == sent_at, Invitation.id < invitation.id)),
            or_(Invitation.state != InvitationState.WITHDRAWN, Resolution.job_id != same_job),
        )
        .order_by(Invitation.sent_at.desc())
        .limit(1)
    )
    return session.scalar(statement)
