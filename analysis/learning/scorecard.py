"""The monthly scorecard: flags raised, worked and what came of them; who was lost unwarned; risk said against fate."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from analysis.learning.foretelling import over_all, sums_by_month, waits
from analysis.learning.outcomes import Rate, rate
from analysis.models import Flag, FlagStatus, FollowUp, FollowUpKind, Outcome, OutcomeResult, RiskReading
from analysis.relationships.foretold import HORIZON, Foretold, foretold
from analysis.scoring.lost import Loss, losses
from analysis.scoring.monthly import month_of

MONTHS = 12
LEAST_OUTCOMES = 5  # of a month, before its shares are shown
MOST_LEAD = timedelta(days=365)
_WORK = (FollowUpKind.ACKNOWLEDGED, FollowUpKind.PROMISED_CALL, FollowUpKind.CONTACTED, FollowUpKind.RESOLVED)


@dataclass(frozen=True, kw_only=True)
class Month:
    """One calendar month (UTC): what happened in it. `results`: outcomes recorded in it, each a share of them all.

    `gone` counts the clients whose loss became known in it: `warned` before their last job (`lead_days` is the median
    from flag to that job), flagged only `after` it, or `missed`. `said`: the risks of this month against what came of
    them; None until `judged_from`, or where nobody was read.
    """

    start: datetime
    raised: int
    worked: int
    cleared: int
    resolved: int
    results: Mapping[OutcomeResult, Rate]
    gone: int
    warned: int
    after: int
    missed: int
    lead_days: float | None
    read: int
    said: Foretold | None
    judged_from: datetime | None

    @property
    def too_few(self) -> str:
        """Why the shares say nothing, as a sentence; "" where they do."""
        if self.resolved >= LEAST_OUTCOMES:
            return ""
        if not self.resolved:
            return "No outcome."
        return f"Too few to say: {self.resolved} outcome{'s' if self.resolved > 1 else ''}."

    @property
    def empty(self) -> bool:
        return not (self.raised or self.worked or self.cleared or self.resolved or self.gone or self.read)


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """The months, oldest first, and all judged risks together; `since` is when this installation began to watch."""

    months: list[Month]
    overall: Foretold | None
    since: datetime | None
    after: timedelta  # how long after it was said a risk can be judged


def scorecard(session: Session, now: datetime, count: int = MONTHS) -> Scorecard:
    """The last `count` months; those before the first in which anything happened are left out."""
    gone = losses(session)
    since, after = _watched_since(session), waits(session)
    by_month = sums_by_month(session, gone, now)
    counted = _Counted(session, gone, since)
    read = {month: (number, first) for month, number, first in session.execute(_readings())}
    months = []
    for start in month_starts(now, count):
        number, first = read.get(start, (0, None))
        months.append(
            counted.month(
                start,
                read=number,
                said=foretold(by_month[start]) if start in by_month else None,
                judged_from=first + after if first is not None and first + after > now else None,
            )
        )
    first_busy = next((at for at, month in enumerate(months) if not month.empty), count)
    return Scorecard(months=months[first_busy:], overall=over_all(by_month), since=since, after=after)


def month_starts(now: datetime, count: int) -> list[datetime]:
    """The first moments (UTC) of this month and of the `count` − 1 before it, oldest first."""
    index = now.year * 12 + now.month - 1
    return [month_of(now).replace(year=i // 12, month=i % 12 + 1) for i in range(index - count + 1, index + 1)]


def _readings() -> Select[datetime, int, datetime]:
    return select(RiskReading.month, func.count(), func.max(RiskReading.at)).group_by(RiskReading.month)


def _watched_since(session: Session) -> datetime | None:
    """When the first flag could have been raised: before that nobody could be warned, and nobody was missed."""
    found = [session.scalar(select(func.min(Flag.raised_at))), session.scalar(select(func.min(RiskReading.at)))]
    return min((moment for moment in found if moment is not None), default=None)


@dataclass(frozen=True)
class Fate:
    """How long before a lost client's last job the flag that stood then was raised; `late`: flagged only after it."""

    lead: timedelta | None
    late: bool


class _Counted:
    """Everything by month."""

    def __init__(self, session: Session, gone: Mapping[int, Loss], since: datetime | None) -> None:
        flags = session.execute(select(Flag.raised_at, Flag.closed_at, Flag.status)).all()
        self._raised = _by_month(raised for raised, _, _ in flags)
        self._cleared = _by_month(c for _, c, status in flags if c is not None and status is FlagStatus.CLEARED)
        first_work = (
            select(func.min(FollowUp.at))
            .where(FollowUp.flag_id.is_not(None), FollowUp.undone_at.is_(None), FollowUp.kind.in_(_WORK))
            .group_by(FollowUp.flag_id)
        )
        self._worked = _by_month(at for at in session.scalars(first_work) if at is not None)
        self._results = Counter(
            (month_of(at), result) for at, result in session.execute(select(Outcome.at, Outcome.result))
        )
        self._fates: dict[datetime, list[Fate]] = defaultdict(list)
        for loss, fate in _fates(session, gone, since):
            self._fates[month_of(loss.known_at)].append(fate)

    def month(self, start: datetime, *, read: int, said: Foretold | None, judged_from: datetime | None) -> Month:
        results = {result: self._results[start, result] for result in OutcomeResult}
        resolved, fates = sum(results.values()), self._fates.get(start, [])
        leads = [fate.lead.total_seconds() / 86_400 for fate in fates if fate.lead is not None]
        return Month(
            start=start,
            raised=self._raised[start],
            worked=self._worked[start],
            cleared=self._cleared[start],
            resolved=resolved,
            results={result: rate(number, resolved) for result, number in results.items()},
            gone=len(fates),
            warned=len(leads),
            after=sum(fate.late for fate in fates),
            missed=sum(fate.lead is None and not fate.late for fate in fates),
            lead_days=median(leads) if leads else None,
            read=read,
            said=said,
            judged_from=judged_from,
        )


def _by_month(moments: Iterable[datetime]) -> Counter[datetime]:
    return Counter(month_of(moment) for moment in moments)


def _fates(session: Session, gone: Mapping[int, Loss], since: datetime | None) -> Iterable[tuple[Loss, Fate]]:
    """Whether each client who was lost while somebody watched had been flagged."""
    watched = {client_id: loss for client_id, loss in gone.items() if since is not None and loss.last_job_at >= since}
    flags: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for client_id, raised_at, closed_at in session.execute(
        select(Flag.client_id, Flag.raised_at, Flag.closed_at).order_by(Flag.raised_at)
    ):
        if client_id in watched:
            flags[client_id].append((raised_at, closed_at))
    for client_id, loss in watched.items():
        yield loss, _fate(flags[client_id], loss)


def _fate(flags: Sequence[tuple[datetime, datetime | None]], loss: Loss) -> Fate:
    stood = [
        raised
        for raised, closed in flags
        if raised <= loss.last_job_at and (closed is None or closed >= loss.last_job_at - HORIZON)
    ]
    if stood:
        return Fate(min(MOST_LEAD, loss.last_job_at - max(stood)), late=False)
    return Fate(None, late=any(loss.last_job_at < raised <= loss.known_at for raised, _ in flags))
