"""Answers that do not count: pressed by what looks like a machine, or set aside afterwards; and the way back.

They change no figure, for they are no `SurveyResponse`. Nothing of them is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from survey.errors import ConflictError
from survey.evidence import archive
from survey.evidence.presses import judge_press, judged
from survey.evidence.records import AGENT_LENGTH, record_visit, visits_of
from survey.evidence.taps import Request, ask_again, since_asked
from survey.evidence.visits import Kind, Verdict, Visit
from survey.models import (
    Client,
    ClientUpdate,
    HeldAnswer,
    HeldOutcome,
    HeldWhy,
    Invitation,
    InvitationState,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
)
from survey.responses import answers_of, find_response, is_reply, record_event, steps_of, submit

HELD_LIMIT = 20  # answers kept for an invitation that a machine pressed
_RESPONSES = cast("Table", SurveyResponse.__table__)
_CONFIRMATIONS = (SurveyEventKind.CONFIRMED, SurveyEventKind.CHANGED)


Given = tuple[Mapping[str, Any], Mapping[str, Any]]  # answers, steps of the promise


@dataclass(frozen=True)
class Press:
    """A press of the button as it was judged. `again`: what has to come with the second tap; "" if it counts."""

    verdict: Verdict
    details: Mapping[str, Any] = field(default_factory=dict)
    again: str = ""

    @property
    def counts(self) -> bool:
        return not self.again


def weigh(
    session: Session,
    invitation: Invitation,
    request: Request,
    given: Given,
    now: datetime,
    *,
    says_more: bool = False,
) -> Press:
    """Judge a press of the button before its answers are stored; one that does not count is kept here.

    What repeats what is stored already changes nothing, so it is let through whoever sent it. `says_more`: beside
    `given` it would change what is kept apart from who gave it; of that nothing is kept here.
    """
    if not given[0] and not given[1] and not says_more:  # a page that was skipped
        return Press(Verdict(Kind.UNSURE, ()))
    asked_again = since_asked(invitation, request.again, now)
    visits = visits_of(session, [invitation.id])[invitation.id]
    press, verdict = judged(request.user_agent[:AGENT_LENGTH], request.fetch, visits, now, asked_again)
    details = {**press.details, **verdict.as_dict()}
    if verdict.kind is not Kind.MACHINE:
        _settle(session, invitation, given, now)
        return Press(verdict, details)
    if not says_more and _says_the_same(find_response(session, invitation), given):
        return Press(verdict, details)
    record_visit(
        session,
        invitation,
        SurveyEventKind.PRESSED,
        now,
        request.user_agent,
        fetch=press.details["fetch"],
        waited=press.details["waited"],
    )
    if given[0] or given[1]:
        _hold(session, invitation, press, verdict, given)
    return Press(verdict, details, ask_again(invitation, now))


def reconsider(session: Session, invitation: Invitation, now: datetime) -> HeldAnswer | None:
    """After a visit: set aside what was pressed faster than people do, once its visitor turned out to be a machine."""
    if invitation.state is not InvitationState.ANSWERED:
        return None
    events = session.scalars(
        select(SurveyEvent)
        .where(SurveyEvent.invitation_id == invitation.id, SurveyEvent.kind.in_(_CONFIRMATIONS))
        .order_by(SurveyEvent.id)
    ).all()
    pressed = [event for event in events if event.details.get("press")]
    response = find_response(session, invitation)
    if response is None or not pressed or len(pressed) < len(events) or _has_reply(response):
        return None
    if any(event.details["press"].get("kind") != Kind.UNSURE for event in pressed):
        return None  # somebody took their time over it, or tapped twice: it stands
    if _was_told(session, response):
        return None  # a manager took it for a person's, and the client has read so
    visits = visits_of(session, [invitation.id])[invitation.id]
    last = pressed[-1]
    press = Visit(
        kind=last.kind.value, at=last.at, user_agent=last.user_agent, details={**last.details["press"], "waited": 0.0}
    )
    verdict = judge_press(press, visits)
    if verdict.kind is not Kind.MACHINE:
        return None
    return _set_aside(session, response, HeldWhy.MACHINE, verdict.reasons, last.user_agent, now, None)


def not_a_person(session: Session, response: SurveyResponse, user_id: int | None, now: datetime) -> HeldAnswer:
    """Set an answer aside because a manager says that no person gave it; the survey is open again until it closes.

    Raises:
        ConflictError: it did not come from the survey's page, or holds words that somebody wrote by email.
    """
    if response.invitation_id is None:
        raise ConflictError("This answer came from another tool. Only answers given on our page can be set aside.")
    if _has_reply(response):
        raise ConflictError("They also answered the email. What somebody wrote cannot be set aside.")
    reasons = ("A manager said that no person gave it.",)
    return _set_aside(session, response, HeldWhy.MANAGER, reasons, "", now, user_id)


def restore(session: Session, held: HeldAnswer, user_id: int | None, now: datetime) -> None:
    """Put back an answer that was set aside, as it was.

    Raises:
        ConflictError: it is back already, or they have answered since.
    """
    if held.outcome is not None or not held.archive:
        raise ConflictError("This answer counts already.")
    invitation = _locked(session, held)
    if find_response(session, invitation) is not None:
        raise ConflictError("They have answered since. That answer stands.")
    archive.put_back(session, _RESPONSES, held.archive)
    session.refresh(held)
    held.archive = {}
    if restored := find_response(session, invitation):
        restored.count_again()  # what was set aside before there were tallies has none
    invitation.state, invitation.answered_at = InvitationState.ANSWERED, held.at
    _end(session, held, HeldOutcome.RESTORED, user_id, now)


def count(session: Session, held: HeldAnswer, user_id: int | None, now: datetime) -> None:
    """Count an answer that was pressed by what looked like a machine, because a manager says that it was a person.

    Raises:
        ConflictError: it counts already, or they have answered since.
    """
    if held.archive:
        restore(session, held, user_id, now)
        return
    if held.outcome is not None:
        raise ConflictError("This answer counts already.")
    invitation = _locked(session, held)
    if find_response(session, invitation) is not None:
        raise ConflictError("They have answered since. That answer stands.")
    submit(session, invitation, held.answers, held.steps, now, late=True)
    _end(session, held, HeldOutcome.COUNTED, user_id, now)


def _locked(session: Session, held: HeldAnswer) -> Invitation:
    invitation = session.get_one(Invitation, held.invitation_id)
    session.refresh(invitation, with_for_update=True)
    return invitation


def _end(session: Session, held: HeldAnswer, outcome: HeldOutcome, user_id: int | None, now: datetime) -> None:
    held.outcome, held.ended_at, held.ended_by_id = outcome, now, user_id
    record_event(session, held.invitation, SurveyEventKind.RESTORED, now, held=held.id)
    session.get_one(Client, held.invitation.client_id).add_evidence()
    session.flush()


def _set_aside(
    session: Session,
    response: SurveyResponse,
    why: HeldWhy,
    reasons: tuple[str, ...],
    user_agent: str,
    now: datetime,
    user_id: int | None,
) -> HeldAnswer:
    invitation = session.get_one(Invitation, response.invitation_id)
    session.refresh(invitation, with_for_update=True)
    held = HeldAnswer(
        invitation=invitation,
        why=why,
        at=response.submitted_at,
        user_agent=user_agent,
        reasons=list(reasons),
        answers=answers_of(response),
        steps=steps_of(response),
        user_id=user_id,
    )
    row_id = response.id
    for row in (*response.answers, *response.touchpoints, response):
        session.expunge(row)
    held.archive = archive.take(session, _RESPONSES, row_id)
    invitation.state = InvitationState.SENT if now < invitation.expires_at else InvitationState.EXPIRED
    invitation.answered_at = None
    session.add(held)
    record_event(session, invitation, SurveyEventKind.SET_ASIDE, now, reasons=list(reasons))
    session.get_one(Client, invitation.client_id).add_evidence()
    session.flush()
    return held


def _hold(
    session: Session,
    invitation: Invitation,
    press: Visit,
    verdict: Verdict,
    given: Given,
) -> None:
    """Keep what was pressed, once for the same answers, and not without end."""
    answers, steps = dict(given[0]), dict(given[1])
    kept = _held_presses(session, invitation)
    if len(kept) >= HELD_LIMIT or any((row.answers, row.steps) == (answers, steps) for row in kept):
        return
    session.add(
        HeldAnswer(
            invitation=invitation,
            why=HeldWhy.PRESSED,
            at=press.at,
            user_agent=press.user_agent,
            reasons=list(verdict.reasons),
            answers=answers,
            steps=steps,
        )
    )


def _settle(session: Session, invitation: Invitation, given: Given, now: datetime) -> None:
    """The same answers were sent again and count: what was held of them is over."""
    for row in _held_presses(session, invitation):
        if (row.answers, row.steps) == (dict(given[0]), dict(given[1])):
            row.outcome, row.ended_at = HeldOutcome.CONFIRMED, now


def _held_presses(session: Session, invitation: Invitation) -> list[HeldAnswer]:
    wanted = HeldAnswer.invitation_id == invitation.id, HeldAnswer.why == HeldWhy.PRESSED
    return list(session.scalars(select(HeldAnswer).where(*wanted, HeldAnswer.outcome.is_(None))))


def _says_the_same(response: SurveyResponse | None, given: Given) -> bool:
    if response is None:
        return False
    stored = {**answers_of(response), **{f"step_{step}": value for step, value in steps_of(response).items()}}
    sent = {**given[0], **{f"step_{step}": value for step, value in given[1].items()}}
    return all(stored.get(key, "") == value for key, value in sent.items())


def _was_told(session: Session, response: SurveyResponse) -> bool:
    """Whether the firm has told the client what becomes of this answer, and stands by it."""
    told = ClientUpdate.response_id == response.id, ClientUpdate.undone_at.is_(None)
    return session.scalar(select(ClientUpdate.id).where(*told).limit(1)) is not None


def _has_reply(response: SurveyResponse) -> bool:
    return any(is_reply(answer.question) for answer in response.answers)
