"""Looks once a day whether the inputs of the risk, or its agreement with what happened, have drifted; keeps what it
saw.

What is newly beyond its limit is told to the admins once, by the digest, and stands on Learning as long as it is so.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.learning.foretelling import sums_by_month, waits
from analysis.learning.loss_learning import loss_weights_in_force
from analysis.models import DriftCheck, RiskReading
from analysis.relationships.drift import LEAST_CLIENTS, LEAST_LOSSES, Agreement, agreement, shift
from analysis.relationships.foretold import Sums, apart
from analysis.relationships.loss import FITTED
from analysis.scoring.lost import losses
from analysis.scoring.monthly import month_of

RECENT_MONTHS, REFERENCE_MONTHS, LEAST_REFERENCE = 3, 12, 3
JUDGED_MONTHS = 21  # of which the last nine cannot be judged yet
MOST_CLIENTS = 2_000  # every so many of a larger firm's
CALIBRATION = "calibration"


def watch(session: Session, now: datetime) -> int:
    """Look, if nobody has today; returns 1 when it did."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before = latest(session)
    if before is not None and before.day >= day:
        return 0
    if session.scalar(select(func.count()).select_from(RiskReading).limit(1)) == 0:
        return 0
    found = look(session, now)
    crossed = [*(f"inputs/{name}" for name, one in found["inputs"].items() if one["crossed"])]
    if found[CALIBRATION] is not None and found[CALIBRATION]["crossed"]:
        crossed.append(CALIBRATION)
    known = set(before.crossed) if before is not None else set()
    news = [name for name in crossed if name not in known]
    session.add(DriftCheck(day=day, at=now, found=found, crossed=crossed, news=news))
    session.flush()
    return 1


def latest(session: Session) -> DriftCheck | None:
    """The last look."""
    return session.scalar(select(DriftCheck).order_by(DriftCheck.day.desc()).limit(1))


def untold(session: Session) -> list[DriftCheck]:
    """The looks with news that no admin has been told of."""
    waiting = select(DriftCheck).where(DriftCheck.told_at.is_(None)).order_by(DriftCheck.day)
    return [check for check in session.scalars(waiting) if check.news]


def look(session: Session, now: datetime) -> dict[str, Any]:
    """What there is to see: each input's shift, and whether as many were lost as was said; or what is missing."""
    inputs, lacking = _inputs(session, now)
    found, scarce = _calibration(session, now)
    return {
        "inputs": inputs,
        "inputs_missing": lacking,
        CALIBRATION: {**asdict(found), "crossed": found.crossed} if found else None,
        "calibration_missing": scarce,
    }


def _inputs(session: Session, now: datetime) -> tuple[dict[str, Any], str]:
    recent_from = _months_before(month_of(now), RECENT_MONTHS - 1)
    reference_from = _months_before(recent_from, REFERENCE_MONTHS)
    first = session.scalar(select(func.min(RiskReading.month)))
    if first is None or first > _months_before(recent_from, LEAST_REFERENCE):
        whole = RECENT_MONTHS + LEAST_REFERENCE
        return {}, f"Not enough yet: what is read now is compared with before from {whole} months on."
    before = _values(session, reference_from, recent_from)
    recent = _values(session, recent_from, None)
    found = {}
    for name in FITTED:
        seen = shift([v[name] for v in before.values() if name in v], [v[name] for v in recent.values() if name in v])
        if seen is not None:
            found[name] = {**asdict(seen), "crossed": seen.crossed}
    return found, "" if found else f"Not enough yet: {LEAST_CLIENTS} clients are needed in both spans."


def _values(session: Session, start: datetime, end: datetime | None) -> Mapping[int, Mapping[str, float]]:
    """The latest features of each client in these months."""
    largest = session.scalar(select(func.count(func.distinct(RiskReading.client_id)))) or 0
    every = max(1, -(-largest // MOST_CLIENTS))
    wanted = select(RiskReading.client_id, RiskReading.features).where(
        RiskReading.month >= start, RiskReading.too_little.is_(False), RiskReading.client_id % every == 0
    )
    if end is not None:
        wanted = wanted.where(RiskReading.month < end)
    return dict(session.execute(wanted.order_by(RiskReading.month)).all())


def _calibration(session: Session, now: datetime) -> tuple[Agreement | None, str]:
    version = loss_weights_in_force(session).version
    by_month = sums_by_month(session, losses(session), now, version)
    recent = [month for month in by_month if month >= _months_before(month_of(now), JUDGED_MONTHS)]
    whole = Sums()
    for month in apart(recent):
        for sums in by_month[month]:
            whole.add(sums)
    found = agreement(whole.count, whole.risk, whole.variance, whole.lost)
    if found is not None:
        return found, ""
    if not recent:
        days = waits(session).days
        return None, f"Not enough yet: no risk can be held against what happened before {days} days have passed."
    seen = f"{whole.risk:.1f} expected, {whole.lost} seen"
    return None, f"Not enough yet: {LEAST_LOSSES} losses are needed to tell ({seen})."


def _months_before(month: datetime, count: int) -> datetime:
    index = month.year * 12 + month.month - 1 - count
    return month.replace(year=index // 12, month=index % 12 + 1)
