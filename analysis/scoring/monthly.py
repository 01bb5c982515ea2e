"""Keeps the first risk that was said of each client in a month, to be held against what happened."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from analysis.models import RiskReading
from analysis.relationships.assessment import Assessment
from analysis.relationships.loss import FITTED

_KNOWN = select(RiskReading.client_id).where(
    RiskReading.month == bindparam("month"), RiskReading.client_id.in_(bindparam("ids", expanding=True))
)


def month_of(moment: datetime) -> datetime:
    """The first moment of its calendar month, UTC."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def months_known(session: Session, ids: Collection[int], now: datetime) -> set[int]:
    """Those of these clients of whom a risk was said this month already."""
    return set(session.connection().execute(_KNOWN, {"month": month_of(now), "ids": list(ids)}).scalars())


def reading_of(client_id: int, found: Assessment, now: datetime) -> dict[str, Any]:
    """The row of what is said of the client this month."""
    likely = found.loss
    return {
        "client_id": client_id,
        "month": month_of(now),
        "at": now,
        "risk": likely.risk,
        "too_little": bool(likely.too_little),
        "model": found.model,
        "features": dict(zip(FITTED, likely.inputs.features, strict=True)),
    }
