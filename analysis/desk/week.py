"""The week's plan: every live flag in its place, with room for what each owner can truly work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import LIVE, Flag, FlagStatus, RelationshipState
from analysis.relationships.budget import Call, Load, Plan, Room, cannot_wait, plan, week_start
from analysis.relationships.wording import plural
from survey.models import Firm
from survey.users import User


@dataclass(frozen=True, kw_only=True)
class OwnersWeek:
    """One owner's week in the plan."""

    owner: User
    load: Load

    @property
    def text(self) -> str:
        """Why some of their flags wait, or that there are more than they have room for; "" when the week fits."""
        room, name = self.load.room, self.owner.display_name
        full = f"{name} can work {plural(room.budget, 'flag')} a week"
        done = f" ({room.worked} done)" if room.worked else ""
        if self.load.waiting:
            return f"{full}{done}; {plural(self.load.waiting, 'flag')} with less at stake {_wait(self.load.waiting)}."
        if self.load.over:
            return f"{full}{done}, and {self.load.listed} cannot wait or are begun: {self.load.over} more than fit."
        return ""


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"


@dataclass(frozen=True, kw_only=True)
class Week:
    """The plan with the people in it, by name."""

    plan: Plan
    owners: Sequence[OwnersWeek]

    def of(self, user_id: int | None) -> OwnersWeek | None:
        return next((one for one in self.owners if one.owner.id == user_id), None)


def the_week(session: Session, firm: Firm, now: datetime) -> Week:
    """The plan for the week of `now`, over every live flag."""
    rows = session.execute(
        select(
            Flag.id, Flag.owner_id, Flag.severity, Flag.status, Flag.risk, Flag.reasons, RelationshipState.value_year
        )
        .outerjoin(RelationshipState, RelationshipState.client_id == Flag.client_id)
        .where(Flag.status.in_(LIVE))
    )
    calls = [
        Call(
            flag_id=row.id,
            owner_id=row.owner_id,
            severity=row.severity.value,
            at_stake=row.risk * float(row.value_year or 0),
            risk=row.risk,
            taken=row.status is FlagStatus.ACKNOWLEDGED,
            cannot_wait=cannot_wait(row.severity.value, row.reasons),
        )
        for row in rows
    ]
    people = {user.id: user for user in session.scalars(select(User).order_by(User.id))}
    worked = _worked(session, week_start(firm.timezone, now))
    rooms = {
        user.id: Room(user.calls_per_week or firm.calls_per_week, worked.get(user.id, 0)) for user in people.values()
    }
    made = plan(calls, rooms, Room(firm.calls_per_week))
    owners = [OwnersWeek(owner=people[owner_id], load=load) for owner_id, load in made.loads.items()]
    return Week(plan=made, owners=sorted(owners, key=lambda one: one.owner.display_name.casefold()))


def _worked(session: Session, since: datetime) -> dict[int, int]:
    """How many flags each owner has seen resolved since the week began."""
    rows = session.execute(
        select(Flag.owner_id, func.count(Flag.id))
        .where(Flag.status == FlagStatus.RESOLVED, Flag.closed_at >= since, Flag.owner_id.is_not(None))
        .group_by(Flag.owner_id)
    )
    return {owner_id: count for owner_id, count in rows if owner_id is not None}
