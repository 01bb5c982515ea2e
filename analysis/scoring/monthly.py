"""Keeps the first risk that was said of each client in a month, to be held against what happened."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import RiskReading
from analysis.relationships.assessment import Assessment
from analysis.relationships.loss import FITTED


def month_of(moment: datetime) -> datetime:
    """The first moment of its calendar month, UTC."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class Month:
    """The readings of this month for some clients; a client's first is kept."""

    def __init__(self, session: Session, ids: Collection[int], now: datetime) -> None:
        self._session, self._now, self._month = session, now, month_of(now)
        known = select(RiskReading.client_id).where(RiskReading.month == self._month, RiskReading.client_id.in_(ids))
        self._known = set(session.scalars(known))

    def keep(self, client_id: int, found: Assessment) -> None:
        """Keep what is said of the client, if it is the first this month."""
        if client_id in self._known:
            return
        self._known.add(client_id)
        likely = found.loss
        self._session.add(
            RiskReading(
                client_id=client_id,
                month=self._month,
                at=self._now,
                risk=likely.risk,
                too_little=bool(likely.too_little),
                model=found.model,
                features=dict(zip(FITTED, likely.inputs.features, strict=True)),
            )
        )
