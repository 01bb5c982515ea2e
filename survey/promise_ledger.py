"""Which steps of the service promise are kept, and for whom: counted from the touchpoints, with 95 % intervals.

The unit is an answered survey. Of one step it is kept or missed; of the whole promise it is missed when any step was.
"Doesn’t apply" counts as neither. Fewer than `MINIMUM` of a group say nothing, so nothing is ranked on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum

from sqlalchemy import Row, Select, Subquery, case, func, literal, or_, select
from sqlalchemy import cast as cast_sql
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.types import String

from survey.intervals import adjusted_wald
from survey.kinds import spelled, spellings
from survey.models import Client, Job, Resolution, ResolutionStaff, Touchpoint
from survey.paging import PAGE_SIZE, Page

MINIMUM = 5
MOST_RANKED = 50
_EARLIER = "earlier"


class By(StrEnum):
    """By what the counts are told apart."""

    KIND = "kind"
    STAFF = "staff"
    CLIENT = "client"
    MONTH = "month"


@dataclass(frozen=True)
class Asked:
    """What is counted: one step or, with "", the whole promise of `steps`; of jobs finished from `since` on."""

    steps: tuple[str, ...]
    step: str = ""
    since: datetime | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.step,) if self.step else self.steps


@dataclass(frozen=True)
class Tally:
    """How often it was kept and missed in one group."""

    key: str
    label: str
    kept: int
    missed: int

    @property
    def n(self) -> int:
        return self.kept + self.missed

    @property
    def enough(self) -> bool:
        return self.n >= MINIMUM

    @property
    def share(self) -> float:
        return self.kept / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share that was kept, at 95 %."""
        found = adjusted_wald(self.kept, self.n)
        assert found is not None
        return found


@dataclass(frozen=True)
class Groups:
    """`ranked`: those with enough answers, the least kept first (months in their order); `few`: the others by name."""

    ranked: Sequence[Tally]
    few: Sequence[Tally]


@dataclass(frozen=True)
class Behind:
    """One job behind a number: which steps were kept and which were missed, by key."""

    resolution: Resolution
    kept: tuple[str, ...]
    missed: tuple[str, ...]


def step_tallies(session: Session, texts: Mapping[str, str], since: datetime | None) -> list[Tally]:
    """Each step of the promise, in its order; `texts` names them."""
    rows = session.execute(
        select(
            Touchpoint.step,
            func.sum(case((Touchpoint.value == 1, 1), else_=0)),
            func.sum(case((Touchpoint.value == -1, 1), else_=0)),
        )
        .join(Resolution, Resolution.id == Touchpoint.resolution_id)
        .where(Touchpoint.step.in_(list(texts)), *([Resolution.completed_at >= since] if since else []))
        .group_by(Touchpoint.step)
    )
    counted = {step: (int(kept), int(missed)) for step, kept, missed in rows}
    return [Tally(step, text, *counted.get(step, (0, 0))) for step, text in texts.items()]


def overall(session: Session, asked: Asked) -> Tally:
    """What is asked, over everybody."""
    marks = _marks(asked)
    kept, missed = session.execute(
        select(func.coalesce(func.sum(marks.c.kept), 0), func.coalesce(func.sum(marks.c.missed), 0))
    ).one()
    return Tally("", "", int(kept), int(missed))


def groups(session: Session, asked: Asked, by: By, zone: tzinfo, now: datetime) -> Groups:
    """The counts by kind of job, person, client or month of finishing. A job of two people counts for both."""
    found = _grouped(asked, by, zone, now).subquery()
    rows = session.execute(
        select(found.c.key, found.c.label, func.sum(found.c.kept), func.sum(found.c.missed)).group_by(
            found.c.key, found.c.label
        )
    )
    tallies = [Tally(key, label, int(kept), int(missed)) for key, label, kept, missed in rows if key != _EARLIER]
    tallies = _as_one(tallies, spelled(session)) if by is By.KIND else tallies
    tallies = [replace(tally, label=month_name(tally.key)) for tally in tallies] if by is By.MONTH else tallies
    enough = [tally for tally in tallies if tally.enough]
    few = sorted((tally for tally in tallies if not tally.enough), key=lambda tally: tally.label.casefold())
    if by is By.MONTH:
        return Groups(sorted(enough, key=lambda tally: tally.key), sorted(few, key=lambda tally: tally.key))
    return Groups(sorted(enough, key=lambda tally: (tally.share, -tally.n, tally.label.casefold())), few)


def _as_one(tallies: Sequence[Tally], names: Mapping[str, str]) -> list[Tally]:
    """Kinds that differ in case alone are one; `names`: the folded kind → its name."""
    found: dict[str, Tally] = {}
    for tally in tallies:
        name = names.get(tally.key.casefold(), tally.key)
        before = found.get(name, Tally(name, name, 0, 0))
        found[name] = replace(before, kept=before.kept + tally.kept, missed=before.missed + tally.missed)
    return list(found.values())


def jobs_behind(
    session: Session,
    asked: Asked,
    zone: tzinfo,
    now: datetime,
    *,
    by: By | None = None,
    key: str = "",
    missed_only: bool = False,
    number: int = 1,
) -> Page[Behind]:
    """The closings that a number counts, the latest first; `by` and `key` name its group."""
    found = (_grouped(asked, by, zone, now) if by else _plain(asked)).subquery()
    keys = spellings(session, key) if by is By.KIND else [key]
    wanted = select(found.c.resolution_id).where(
        *([found.c.key.in_(keys)] if by else []), *([found.c.missed == 1] if missed_only else [])
    )
    closings = select(Resolution).where(Resolution.id.in_(wanted))
    total = session.scalar(select(func.count()).select_from(closings.subquery())) or 0
    page = session.scalars(
        closings.order_by(Resolution.completed_at.desc(), Resolution.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
        .options(
            joinedload(Resolution.job).joinedload(Job.client),
            joinedload(Resolution.job).joinedload(Job.contact),
        )
    ).all()
    marks = session.execute(
        select(Touchpoint.resolution_id, Touchpoint.step, Touchpoint.value).where(
            Touchpoint.resolution_id.in_([resolution.id for resolution in page]), Touchpoint.step.in_(asked.steps)
        )
    ).all()
    return Page([_behind(resolution, marks) for resolution in page], number, total)


def _behind(resolution: Resolution, marks: Sequence[Row[int, str, int]]) -> Behind:
    mine = [(step, value) for owner, step, value in marks if owner == resolution.id]
    return Behind(
        resolution,
        tuple(step for step, value in mine if value == 1),
        tuple(step for step, value in mine if value == -1),
    )


def _marks(asked: Asked) -> Subquery:
    """One row for each answered survey: 1 and 0 in `kept` and `missed`."""
    worst, best = func.min(Touchpoint.value), func.max(Touchpoint.value)
    return (
        select(
            Touchpoint.resolution_id,
            case((worst >= 0, 1), else_=0).label("kept"),
            case((worst == -1, 1), else_=0).label("missed"),
        )
        .join(Resolution, Resolution.id == Touchpoint.resolution_id)
        .where(Touchpoint.step.in_(asked.keys), *([Resolution.completed_at >= asked.since] if asked.since else []))
        .group_by(Touchpoint.response_id, Touchpoint.resolution_id)
        .having(or_(worst == -1, best == 1))
        .subquery()
    )


def _plain(asked: Asked) -> Select[int, int, int]:
    marks = _marks(asked)
    return select(marks.c.resolution_id, marks.c.kept, marks.c.missed)


def _grouped(asked: Asked, by: By, zone: tzinfo, now: datetime) -> Select[int, int, int, str, str]:
    """The marks with the key and the label of their group."""
    marks = _marks(asked)
    rows = select(marks.c.resolution_id, marks.c.kept, marks.c.missed).join(
        Resolution, Resolution.id == marks.c.resolution_id
    )
    match by:
        case By.STAFF:
            staff = rows.join(ResolutionStaff, ResolutionStaff.resolution_id == Resolution.id)
            return staff.add_columns(ResolutionStaff.name.label("key"), ResolutionStaff.name.label("label"))
        case By.CLIENT:
            clients = rows.join(Job, Job.id == Resolution.job_id).join(Client, Client.id == Job.client_id)
            return clients.add_columns(cast_sql(Client.id, String).label("key"), Client.name.label("label"))
        case By.KIND:
            kinds = rows.join(Job, Job.id == Resolution.job_id)
            return kinds.add_columns(Job.kind.label("key"), Job.kind.label("label"))
        case By.MONTH:
            month = case(
                *((Resolution.completed_at >= start, literal(name)) for name, start in _months(zone, now)),
                else_=literal(_EARLIER),
            )
            return rows.add_columns(month.label("key"), month.label("label"))


def month_name(key: str) -> str:
    """`2026-03` as the desk says it: `Mar 2026`."""
    return date.fromisoformat(f"{key}-01").strftime("%b %Y")


def _months(zone: tzinfo, now: datetime, count: int = 24) -> list[tuple[str, datetime]]:
    """("2026-03", when it began where the firm is) of the last `count` months, the latest first."""
    local = now.astimezone(zone)
    numbers = range(12 * local.year + local.month - 1, 12 * local.year + local.month - 1 - count, -1)
    return [
        (f"{number // 12}-{number % 12 + 1:02}", datetime(number // 12, number % 12 + 1, 1, tzinfo=zone))
        for number in numbers
    ]
