"""What was said of every client month by month, held against who was lost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from analysis.backtest.replay import label
from analysis.models import RiskReading
from analysis.relationships.foretold import BANDS, Foretold, Sums, apart, band_of, foretold, judged_after
from analysis.scoring.ladder_rules import rules_in_force
from analysis.scoring.lost import Loss


def waits(session: Session) -> timedelta:
    """How long after a risk was said it can be judged, by the ladder's rules in force."""
    return judged_after(rules_in_force(session).rules.lapsed_days)


def sums_by_month(
    session: Session, losses: Mapping[int, Loss], now: datetime, version: str = ""
) -> dict[datetime, Sequence[Sums]]:
    """The readings of each month that can be judged by now, added up by band; of one `version` of the weights, or all.

    Clients of whom too little was known, and those who had been gone for more than the horizon, are left out.
    """
    counted: dict[datetime, list[Sums]] = defaultdict(lambda: [Sums() for _ in BANDS[1:]])
    ripe = RiskReading.at <= now - waits(session)
    known = and_(
        RiskReading.too_little.is_(False),
        RiskReading.model.endswith(f"+{version}", autoescape=True) if version else true(),
    )
    band = _band()
    squared = RiskReading.risk * RiskReading.risk
    rows = session.execute(
        select(
            RiskReading.month,
            band,
            func.count(),
            func.sum(RiskReading.risk),
            func.sum(squared),
            func.sum(squared * squared),
        )
        .where(ripe, known)
        .group_by(RiskReading.month, band)
    )
    for month, at, count, risk, squares, fourths in rows:
        counted[month][at].add(Sums(count, float(risk), float(risk - squares), float(squares), float(fourths)))
    lost = list(losses)
    for start in range(0, len(lost), 500):
        readings = session.scalars(
            select(RiskReading).where(ripe, known, RiskReading.client_id.in_(lost[start : start + 500]))
        )
        for reading in readings:
            _settle(counted[reading.month][band_of(reading.risk)], reading, losses[reading.client_id], now)
    return dict(counted)


def _settle(sums: Sums, reading: RiskReading, loss: Loss, now: datetime) -> None:
    """Whether a lost client's reading was right, by the backtest's own label: lost within the horizon, or gone already
    when nobody could know."""
    found = label(reading.at, loss.last_job_at, now)
    if found.at_risk or found.silent:
        if found.lost:
            sums.mark_lost(reading.risk)
    else:
        sums.leave_out(reading.risk)


def _band() -> ColumnElement[int]:
    return case(*((RiskReading.risk < high, at) for at, high in enumerate(BANDS[1:-1])), else_=len(BANDS) - 2)


def over_all(by_month: Mapping[datetime, Sequence[Sums]]) -> Foretold | None:
    """All judged months that lie a horizon apart, together."""
    whole = [Sums() for _ in BANDS[1:]]
    for month in apart(by_month):
        for mine, theirs in zip(whole, by_month[month], strict=True):
            mine.add(theirs)
    return foretold(whole)
