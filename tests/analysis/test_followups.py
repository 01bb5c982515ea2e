"""What people do about a flag, and taking it back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.flags import followups
from analysis.models import Flag, FlagStatus, FollowUp, Outcome, OutcomeResult, Severity
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.people import create_person
from survey.users import User
from tests.conftest import NOW
from tests.factories import make_client

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def user(session: Session) -> User:
    return create_person(session, "ana@brightside.example", "manager", NOW, name="Ana Xu")


@pytest.fixture
def flag(session: Session) -> Flag:
    client = make_client(session, surveys_held_at=NOW, surveys_held_reason="Flagged: why")
    flag = Flag(
        client=client,
        status=FlagStatus.OPEN,
        severity=Severity.HIGH,
        risk=0.8,
        points=4.4,
        reasons=[],
        clears_if="",
        model="relationship-1",
        raised_at=NOW,
        updated_at=NOW,
    )
    session.add(flag)
    session.flush()
    return flag


def snapshot(session: Session, flag: Flag) -> tuple[object, ...]:
    session.flush()
    session.refresh(flag)
    return (
        flag.status,
        flag.owner_id,
        flag.acknowledged_at,
        flag.closed_at,
        flag.client.surveys_held_at,
        flag.client.surveys_held_reason,
        session.scalar(select(func.count(Outcome.id))),
        session.scalars(select(FollowUp.done_at).where(FollowUp.due_at.is_not(None))).all(),
    )


Action = Callable[[Session, Flag, int], FollowUp]
ACTIONS: dict[str, Action] = {
    "assign": lambda session, flag, user: followups.assign(session, flag, None, user, LATER),
    "acknowledge": lambda session, flag, user: followups.acknowledge(session, flag, user, LATER),
    "log_contact": lambda session, flag, user: followups.log_contact(session, flag, user, "Spoke with Ida", LATER),
    "resolve": lambda session, flag, user: followups.resolve(session, flag, user, OutcomeResult.KEPT, "Good", LATER),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_undo_restores_exactly_the_state_before(session: Session, flag: Flag, user: User, name: str) -> None:
    """Flag, owner, promises, outcome and survey hold are as if it had not been done."""
    if name != "acknowledge":
        followups.promise_call(session, flag, user.id, NOW + timedelta(days=2), "I call on Thursday", NOW)
    before = snapshot(session, flag)
    done = ACTIONS[name](session, flag, user.id)
    assert snapshot(session, flag) != before
    followups.undo(session, done, user.id, LATER)
    assert snapshot(session, flag) == before
    assert done.undone_at == LATER


def test_acknowledging_takes_the_flag_on(session: Session, flag: Flag, user: User) -> None:
    """Whoever says "I am on it" owns it, and it cannot be said twice."""
    followups.acknowledge(session, flag, user.id, NOW)
    assert (flag.status, flag.owner_id, flag.acknowledged_at) == (FlagStatus.ACKNOWLEDGED, user.id, NOW)
    with pytest.raises(ConflictError):
        followups.acknowledge(session, flag, user.id, NOW)


def test_a_flag_is_given_to_people_who_exist(session: Session, flag: Flag, user: User) -> None:
    """To a person, back to nobody, never to a stranger."""
    owners = []
    for owner_id in (user.id, None):
        followups.assign(session, flag, owner_id, user.id, NOW)
        owners.append(flag.owner_id)
    assert owners == [user.id, None]
    with pytest.raises(NotFoundError):
        followups.assign(session, flag, 999, user.id, NOW)


def test_contact_keeps_the_promised_call(session: Session, flag: Flag, user: User) -> None:
    """A logged contact is the call that was promised; both are evidence for the next score."""
    version = flag.client.evidence_version
    promise = followups.promise_call(session, flag, user.id, NOW + timedelta(days=1), "", NOW)
    session.flush()
    followups.log_contact(session, flag, user.id, "Spoke with Ida", LATER)
    session.flush()
    assert promise.done_at == LATER
    assert flag.client.evidence_version == version + 2


def test_a_call_is_promised_for_the_future(session: Session, flag: Flag, user: User) -> None:
    """Yesterday is no promise."""
    with pytest.raises(InvalidInputError):
        followups.promise_call(session, flag, user.id, NOW, "", NOW)


def test_resolving_needs_a_note_and_ends_the_hold(session: Session, flag: Flag, user: User) -> None:
    """The outcome is kept with its note; a closed flag takes no more actions, but notes."""
    with pytest.raises(InvalidInputError):
        followups.resolve(session, flag, user.id, OutcomeResult.KEPT, "  ", NOW)
    followups.resolve(session, flag, user.id, OutcomeResult.FALSE_ALARM, "All is well", NOW)
    assert flag.status is FlagStatus.RESOLVED
    assert flag.client.surveys_held_at is None
    outcome = session.scalars(select(Outcome)).one()
    assert (outcome.result, outcome.note) == (OutcomeResult.FALSE_ALARM, "All is well")
    with pytest.raises(ConflictError):
        followups.log_contact(session, flag, user.id, "again", NOW)
    assert followups.add_note(session, flag.client, user.id, "Sent flowers", NOW, flag).flag_id == flag.id


def test_only_the_last_own_recent_action_is_undone(session: Session, flag: Flag, user: User) -> None:
    """Not somebody else's, not one with a later action on top, not yesterday's, not twice."""
    assigned = followups.assign(session, flag, user.id, user.id, NOW)
    with pytest.raises(ConflictError, match="Only the person"):
        followups.undo(session, assigned, None, NOW)
    acknowledged = followups.acknowledge(session, flag, user.id, NOW)
    with pytest.raises(ConflictError, match="undo that first"):
        followups.undo(session, assigned, user.id, NOW)
    with pytest.raises(ConflictError, match="more than a day"):
        followups.undo(session, acknowledged, user.id, NOW + timedelta(days=2))
    followups.undo(session, acknowledged, user.id, NOW)
    followups.undo(session, assigned, user.id, NOW)
    assert flag.owner_id is None
    with pytest.raises(ConflictError, match="already"):
        followups.undo(session, assigned, user.id, NOW)


def test_a_resolution_is_not_undone_when_the_client_is_flagged_again(session: Session, flag: Flag, user: User) -> None:
    """A client has one live flag at most."""
    resolved = followups.resolve(session, flag, user.id, OutcomeResult.KEPT, "Talked", NOW)
    session.add(
        Flag(
            client=flag.client,
            status=FlagStatus.OPEN,
            severity=Severity.HIGH,
            risk=0.8,
            points=4.4,
            reasons=[],
            clears_if="",
            model="relationship-1",
            raised_at=LATER,
            updated_at=LATER,
        )
    )
    session.flush()
    with pytest.raises(ConflictError, match="flagged again"):
        followups.undo(session, resolved, user.id, LATER)


def test_a_note_is_required_to_be_one(session: Session, flag: Flag, user: User) -> None:
    """Neither empty nor endless."""
    for note in ("", "x" * (followups.NOTE_LENGTH + 1)):
        with pytest.raises(InvalidInputError):
            followups.add_note(session, flag.client, user.id, note, NOW)
