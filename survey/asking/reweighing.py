"""What other survey rules would do to everything that waits: shown before they are saved, done when they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, contains_eager

from survey.asking.deciding import WAITING, House, apply, load_cases
from survey.asking.eligibility import decide
from survey.asking.schedule import resumed_at
from survey.asking.terms import Decision, Facts, Outcome
from survey.models import Invitation, InvitationState, Job, Resolution

AT_ONCE = 2_000  # resolutions whose facts are loaded together: databases limit the parameters of one statement


class Effect(StrEnum):
    """What a change of the rules does to one survey."""

    MOVED = "moved"
    SKIPPED = "skipped"  # it would have been asked
    INCLUDED = "included"  # it would not have been asked
    HELD = "held"
    RESUMED = "resumed"


_STANDS = {
    InvitationState.SCHEDULED: Outcome.ASK,
    InvitationState.HELD: Outcome.HOLD,
    InvitationState.SKIPPED: Outcome.SKIP,
}
_GO_OUT = (Effect.MOVED, Effect.INCLUDED, Effect.RESUMED)
_EFFECTS = {
    (Outcome.ASK, Outcome.SKIP): Effect.SKIPPED,
    (Outcome.HOLD, Outcome.SKIP): Effect.SKIPPED,
    (Outcome.SKIP, Outcome.ASK): Effect.INCLUDED,
    (Outcome.SKIP, Outcome.HOLD): Effect.INCLUDED,
    (Outcome.ASK, Outcome.HOLD): Effect.HELD,
    (Outcome.HOLD, Outcome.ASK): Effect.RESUMED,
}


@dataclass(frozen=True)
class Reweighed:
    """One survey under other rules. `effect` None: only when it would be too late to ask may differ."""

    invitation: Invitation
    effect: Effect | None
    decision: Decision
    before: datetime  # when it was due
    due_at: datetime
    expires_at: datetime


def reweigh(session: Session, old: House, new: House, now: datetime) -> list[Reweighed]:
    """Every survey that waits, or that a rule skipped and that could still be asked about, under `new` rules.

    What would come out differently under the `old` ones too (a contact has left since) is no effect of the change. One
    that would be due already goes out in an even stream from now on.
    """
    found = _open_questions(session, new, now)
    weighed: list[Reweighed] = []
    for start in range(0, len(found), AT_ONCE):
        weighed += _weigh(session, found[start : start + AT_ONCE], old, new, now)
    return _in_line(weighed, new, now)


def _weigh(session: Session, some: Sequence[Invitation], old: House, new: House, now: datetime) -> list[Reweighed]:
    found: list[Reweighed] = []
    cases = _cases(session, some, new, now)
    for invitation, facts in zip(some, cases, strict=True):
        forced, resolution = invitation.forced_by_id is not None, invitation.resolution
        usual, due_at = old.due_at(resolution, invitation.seed), new.due_at(resolution, invitation.seed)
        due_at = invitation.due_at if forced or usual == due_at else due_at
        decision = decide(facts, new.policy, now, at=due_at, forced=forced)
        moved = due_at != invitation.due_at and decision.outcome is Outcome.ASK
        effect = Effect.MOVED if moved else None
        too_late = new.too_late_at(resolution)
        found.append(Reweighed(invitation, effect, decision, invitation.due_at, due_at, too_late))
    turned = [row for row in found if row.decision.outcome is not _STANDS[row.invitation.state]]
    effects = {}
    for row, facts in zip(turned, _cases(session, [row.invitation for row in turned], old, now), strict=True):
        forced = row.invitation.forced_by_id is not None
        before = decide(facts, old.policy, now, at=row.before, forced=forced).outcome
        effects[row.invitation.id] = _EFFECTS.get((before, row.decision.outcome), row.effect)
    return [replace(row, effect=effects.get(row.invitation.id, row.effect)) for row in found]


def _cases(session: Session, some: Sequence[Invitation], house: House, now: datetime) -> list[Facts]:
    own = {invitation.resolution_id: invitation.id for invitation in some}
    return load_cases(session, [invitation.resolution for invitation in some], house, now, own) if some else []


def apply_all(session: Session, weighed: Sequence[Reweighed], now: datetime) -> None:
    """Do what was found: state, verdicts, when it is due and when it is too late."""
    for found in weighed:
        found.invitation.due_at, found.invitation.expires_at = found.due_at, found.expires_at
        apply(found.invitation, found.decision, now)
    session.flush()


def _open_questions(session: Session, new: House, now: datetime) -> list[Invitation]:
    """Waiting surveys that no manager holds, and those skipped by a rule about jobs that are recent under `new`."""
    longest = max([new.policy.delay_hours, *new.policy.kind_delays.values()])
    recent = now - timedelta(hours=longest, days=new.policy.expire_after_days)
    not_ours = and_(Invitation.state == InvitationState.HELD, Invitation.changed_by_id.is_not(None))
    statement = (
        select(Invitation)
        .join(Invitation.resolution)
        .join(Resolution.job)
        .join(Job.contact)
        .join(Job.client)
        .where(
            or_(
                and_(Invitation.state.in_(WAITING), ~not_ours),
                and_(
                    Invitation.state == InvitationState.SKIPPED,
                    or_(Invitation.expires_at > now, Resolution.completed_at > recent),
                ),
            )
        )
        .options(
            contains_eager(Invitation.resolution).contains_eager(Resolution.job).contains_eager(Job.contact),
            contains_eager(Invitation.resolution).contains_eager(Resolution.job).contains_eager(Job.client),
        )
        .order_by(Invitation.id)
    )
    return [found for found in session.scalars(statement) if found.state in WAITING or _a_rule_said_no(found)]


def _a_rule_said_no(invitation: Invitation) -> bool:
    """Not one whose email failed, nor one that a pause outlasted: other rules change nothing about those."""
    return any(not verdict["passed"] for verdict in invitation.verdicts)


def _in_line(weighed: list[Reweighed], new: House, now: datetime) -> list[Reweighed]:
    late = sorted(
        (found for found in weighed if found.effect in _GO_OUT and found.due_at <= now),
        key=lambda found: (found.due_at, found.invitation.id),
    )
    places = {found.invitation.id: number for number, found in enumerate(late)}
    lined_up = []
    for found in weighed:
        number = places.get(found.invitation.id)
        if number is None:
            lined_up.append(found)
        else:
            due_at = new.next_open(resumed_at(number, len(late), now), found.invitation.contact)
            lined_up.append(replace(found, due_at=due_at))
    return lined_up
