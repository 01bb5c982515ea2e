"""How flags stood before the days on which they changed: kept small, read as "what changed since yesterday"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from analysis.models import LIVE, Flag, FlagDay, FlagStatus
from analysis.relationships.changes import (
    Change,
    ChangeKind,
    Stood,
    compare,
    day_start,
    differs,
    last_working_day,
    local_day,
    stood,
)
from survey.models import Firm


def keep_before(session: Session, firm: Firm, flag: Flag, after: Stood, now: datetime) -> None:
    """Keep how the flag stands before it becomes `after`, once a day of the firm's calendar and only if it differs."""
    before = stood(flag.severity.value, flag.risk, flag.reasons)
    if not differs(before, after):
        return
    today = local_day(firm.timezone, now)
    kept = session.scalar(select(FlagDay.id).where(FlagDay.flag_id == flag.id, FlagDay.day == today))
    if kept is None:
        session.add(
            FlagDay(
                flag_id=flag.id,
                client_id=flag.client_id,
                day=today,
                severity=flag.severity,
                risk=flag.risk,
                evidence=sorted(before.evidence),
            )
        )
        session.flush()


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One flag and what is different about it since the day."""

    flag: Flag
    change: Change


@dataclass(frozen=True, kw_only=True)
class Since:
    """What changed since `day` began, by kind in the order of ChangeKind, the most urgent first."""

    day: date
    changed: list[Changed]

    def of(self, kind: ChangeKind) -> list[Changed]:
        return [item for item in self.changed if item.change.kind is kind]

    def by_flag(self) -> dict[int, Change]:
        return {item.flag.id: item.change for item in self.changed}


def since_last_day(session: Session, firm: Firm, now: datetime) -> Since:
    """What changed since the last working day began, by the firm's own clock."""
    day = last_working_day(local_day(firm.timezone, now))
    start = day_start(firm.timezone, day)
    befores = _befores(session, day)
    found = []
    for flag in _touched(session, list(befores), start):
        change = _change(flag, befores.get(flag.id), start)
        if change is not None:
            found.append(Changed(flag=flag, change=change))
    kinds = list(ChangeKind)
    found.sort(key=lambda item: (kinds.index(item.change.kind), -item.flag.risk, item.flag.id))
    return Since(day=day, changed=found)


def change_of(session: Session, firm: Firm, flag: Flag, now: datetime) -> tuple[date, Change | None]:
    """What changed about one flag since the last working day began, and which day that was."""
    day = last_working_day(local_day(firm.timezone, now))
    before = _befores(session, day, flag.id).get(flag.id)
    return day, _change(flag, before, day_start(firm.timezone, day))


def _change(flag: Flag, before: Stood | None, start: datetime) -> Change | None:
    if flag.status not in LIVE:
        if flag.closed_at is None or flag.closed_at < start:
            return None
        cleared = flag.status is FlagStatus.CLEARED
        return Change(ChangeKind.CLEARED if cleared else ChangeKind.RESOLVED, before)
    if flag.raised_at >= start:
        return Change(ChangeKind.NEW)
    return compare(before, flag.severity.value, flag.risk, flag.reasons) if before else None


def _befores(session: Session, day: date, flag_id: int | None = None) -> dict[int, Stood]:
    """How each flag that changed stood before its first change since `day`."""
    statement = select(FlagDay).where(FlagDay.day >= day).order_by(FlagDay.day.desc())
    if flag_id is not None:
        statement = statement.where(FlagDay.flag_id == flag_id)
    return {
        row.flag_id: Stood(row.severity.value, row.risk, frozenset(row.evidence)) for row in session.scalars(statement)
    }


def _touched(session: Session, changed: Sequence[int], start: datetime) -> Sequence[Flag]:
    return session.scalars(
        select(Flag)
        .where(or_(Flag.id.in_(changed), Flag.raised_at >= start, Flag.closed_at >= start))
        .options(joinedload(Flag.client))
    ).all()
