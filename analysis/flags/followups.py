"""What people do about a flag. Every action is one `FollowUp`; the last one can be taken back within a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import LIVE, Flag, FlagStatus, FollowUp, FollowUpKind, Outcome, OutcomeResult
from survey import updates
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import Client, SurveyResponse
from survey.users import User

UNDO_WINDOW = timedelta(hours=24)
SEEN_WINDOW = timedelta(days=30)  # who acknowledges a flag has seen the answers of that time
NOTE_LENGTH = 4_000


def assign(session: Session, flag: Flag, owner_id: int | None, user_id: int | None, now: datetime) -> FollowUp:
    """Give a live flag to a person, or to nobody (`None`).

    Raises:
        ConflictError: the flag is closed. NotFoundError: no such active person.
    """
    _lock_live(session, flag)
    if owner_id is not None:
        owner = session.get(User, owner_id)
        if owner is None or not owner.active:
            raise NotFoundError("There is no such person to give this flag to.")
    before = _state(flag)
    flag.owner_id = owner_id
    return _record(session, flag, FollowUpKind.ASSIGNED, user_id, "", now, before)


def acknowledge(session: Session, flag: Flag, user_id: int | None, now: datetime) -> FollowUp:
    """Say "I have seen this and I am on it". A flag without an owner becomes the acknowledger's. The client reads on
    their link that somebody has seen what they wrote.

    Raises:
        ConflictError: the flag is closed or already acknowledged.
    """
    _lock_live(session, flag)
    if flag.status is FlagStatus.ACKNOWLEDGED:
        raise ConflictError("This flag has been acknowledged already.")
    before = _state(flag)
    _take_on(flag, user_id, now)
    updates.see(session, _unanswered(session, flag, now), user_id, now)
    return _record(session, flag, FollowUpKind.ACKNOWLEDGED, user_id, "", now, before)


def _unanswered(session: Session, flag: Flag, now: datetime) -> Sequence[SurveyResponse]:
    """What the flag's client answered of late to surveys of ours."""
    return session.scalars(
        select(SurveyResponse).where(
            SurveyResponse.client_id == flag.client_id,
            SurveyResponse.invitation_id.is_not(None),
            SurveyResponse.submitted_at > now - SEEN_WINDOW,
        )
    ).all()


def promise_call(session: Session, flag: Flag, user_id: int | None, by: datetime, note: str, now: datetime) -> FollowUp:
    """Record that a call was promised by the moment `by`. A promise not kept is itself evidence.

    Raises:
        InvalidInputError: `by` has passed. ConflictError: the flag is closed.
    """
    _lock_live(session, flag)
    if by <= now:
        raise InvalidInputError("A call can only be promised for a moment still to come.", "by")
    before = _state(flag)
    _take_on(flag, user_id, now)
    followed = _record(session, flag, FollowUpKind.PROMISED_CALL, user_id, _clean(note), now, before, due_at=by)
    flag.client.add_evidence()
    return followed


def log_contact(session: Session, flag: Flag, user_id: int | None, note: str, now: datetime) -> FollowUp:
    """Record that the client was spoken to. It keeps every call promised to them that is still waiting.

    Raises:
        ConflictError: the flag is closed.
    """
    _lock_live(session, flag)
    before = _state(flag)
    _take_on(flag, user_id, now)
    kept = session.scalars(
        select(FollowUp).where(
            FollowUp.client_id == flag.client_id,
            FollowUp.kind == FollowUpKind.PROMISED_CALL,
            FollowUp.done_at.is_(None),
            FollowUp.undone_at.is_(None),
        )
    ).all()
    for promise in kept:
        promise.done_at = now
    followed = _record(session, flag, FollowUpKind.CONTACTED, user_id, _clean(note), now, before)
    followed.details = {**followed.details, "kept": [promise.id for promise in kept]}
    flag.client.add_evidence()
    return followed


def add_note(
    session: Session, client: Client, user_id: int | None, note: str, now: datetime, flag: Flag | None = None
) -> FollowUp:
    """Write something down about a client, and about a flag when one is named; closed flags take notes too.

    Raises:
        InvalidInputError: the note is empty or too long.
    """
    text = _required(note)
    followed = FollowUp(
        client_id=client.id,
        flag_id=flag.id if flag else None,
        kind=FollowUpKind.NOTE,
        user_id=user_id,
        at=now,
        note=text,
        details={},
    )
    session.add(followed)
    session.flush()
    return followed


def resolve(
    session: Session, flag: Flag, user_id: int | None, result: OutcomeResult, note: str, now: datetime
) -> FollowUp:
    """Close a live flag with what came of it. Surveys to the client are let go again.

    Raises:
        InvalidInputError: the note is empty or too long. ConflictError: the flag is closed.
    """
    text = _required(note)
    _lock_live(session, flag)
    before = _state(flag)
    flag.status, flag.closed_at = FlagStatus.RESOLVED, now
    flag.client.surveys_held_at, flag.client.surveys_held_reason = None, ""
    session.add(Outcome(flag_id=flag.id, result=result, note=text, user_id=user_id, at=now, inputs=flag.inputs))
    followed = _record(session, flag, FollowUpKind.RESOLVED, user_id, text, now, before)
    flag.client.add_evidence()
    return followed


def undo(session: Session, follow_up: FollowUp, user_id: int | None, now: datetime) -> FollowUp:
    """Take one's own last action back: the flag, its promises and the survey hold are exactly as before it.

    Raises:
        ConflictError: it is somebody else's, not the last, older than a day, already undone, or the flag has
            moved on since.
    """
    why_not = why_not_undo(session, follow_up, user_id, now)
    if why_not:
        raise ConflictError(why_not)
    _lock_client(session, follow_up.client_id)
    flag = session.get(Flag, follow_up.flag_id, populate_existing=True) if follow_up.flag_id else None
    if flag is not None and "before" in follow_up.details:
        if _state(flag) != follow_up.details["after"]:
            raise ConflictError("This flag has changed since, so the action can no longer be undone.")
        _refuse_second_live(session, flag, follow_up.details["before"])
        _restore(session, flag, follow_up)
    follow_up.undone_at = now
    session.flush()
    if follow_up.kind in {FollowUpKind.PROMISED_CALL, FollowUpKind.CONTACTED, FollowUpKind.RESOLVED}:
        client = session.get_one(Client, follow_up.client_id)
        client.add_evidence()
    return follow_up


def why_not_undo(session: Session, follow_up: FollowUp, user_id: int | None, now: datetime) -> str | None:
    """Why this action cannot be undone by this person, as a sentence; `None` when it can (the flag permitting)."""
    if follow_up.undone_at is not None:
        return "This has been undone already."
    if follow_up.user_id != user_id:
        return "Only the person who did this can undo it."
    if now - follow_up.at > UNDO_WINDOW:
        return "This is more than a day old and can no longer be undone."
    if follow_up.flag_id is None or follow_up.kind is FollowUpKind.NOTE:
        return None
    newer = session.scalar(
        select(FollowUp.id)
        .where(
            FollowUp.flag_id == follow_up.flag_id,
            FollowUp.id > follow_up.id,
            FollowUp.undone_at.is_(None),
            FollowUp.kind != FollowUpKind.NOTE,
        )
        .limit(1)
    )
    return "Something else was done about this flag since; undo that first." if newer else None


def _take_on(flag: Flag, user_id: int | None, now: datetime) -> None:
    """Who acts on a flag has seen it: the machine no longer clears it, it waits for an outcome."""
    if flag.status is FlagStatus.OPEN:
        flag.status, flag.acknowledged_at = FlagStatus.ACKNOWLEDGED, now
        flag.owner_id = flag.owner_id or user_id


def _lock_client(session: Session, client_id: int) -> None:
    """Let the scorer and other people's actions on this client, its flag included, wait until this one is committed."""
    session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))


def _lock_live(session: Session, flag: Flag) -> None:
    session.flush()
    _lock_client(session, flag.client_id)
    session.refresh(flag)
    if flag.status not in LIVE:
        raise ConflictError("This flag is closed; nothing more can be done about it.")


def _refuse_second_live(session: Session, flag: Flag, before: dict[str, Any]) -> None:
    if before["status"] not in LIVE or flag.status in LIVE:
        return
    other = session.scalar(select(Flag.id).where(Flag.client_id == flag.client_id, Flag.status.in_(LIVE)).limit(1))
    if other is not None:
        raise ConflictError("This client has been flagged again since, so the old flag cannot be opened.")


def _restore(session: Session, flag: Flag, follow_up: FollowUp) -> None:
    before = follow_up.details["before"]
    flag.status = FlagStatus(before["status"])
    flag.owner_id = before["owner_id"]
    flag.acknowledged_at = _moment(before["acknowledged_at"])
    flag.closed_at = _moment(before["closed_at"])
    flag.client.surveys_held_at = _moment(before["held_at"])
    flag.client.surveys_held_reason = before["held_reason"]
    for promise_id in follow_up.details.get("kept", ()):
        promise = session.get(FollowUp, promise_id)
        if promise is not None:
            promise.done_at = None
    if follow_up.kind is FollowUpKind.RESOLVED:
        outcome = session.scalar(select(Outcome).where(Outcome.flag_id == flag.id))
        if outcome is not None:
            session.delete(outcome)


def _state(flag: Flag) -> dict[str, Any]:
    """What an action may change, as JSON: kept with the action, so that undoing needs no guess."""
    return {
        "status": flag.status.value,
        "owner_id": flag.owner_id,
        "acknowledged_at": _iso(flag.acknowledged_at),
        "closed_at": _iso(flag.closed_at),
        "held_at": _iso(flag.client.surveys_held_at),
        "held_reason": flag.client.surveys_held_reason,
    }


def _record(
    session: Session,
    flag: Flag,
    kind: FollowUpKind,
    user_id: int | None,
    note: str,
    now: datetime,
    before: dict[str, Any],
    due_at: datetime | None = None,
) -> FollowUp:
    followed = FollowUp(
        client_id=flag.client_id,
        flag_id=flag.id,
        kind=kind,
        user_id=user_id,
        at=now,
        note=note,
        due_at=due_at,
        details={"before": before, "after": _state(flag)},
    )
    session.add(followed)
    session.flush()
    return followed


def _clean(note: str) -> str:
    text = note.strip()
    if len(text) > NOTE_LENGTH:
        raise InvalidInputError(f"Please keep the note under {NOTE_LENGTH:,} characters.", "note")
    return text


def _required(note: str) -> str:
    text = _clean(note)
    if not text:
        raise InvalidInputError("Please write a note: it is what the next person reads.", "note")
    return text


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
