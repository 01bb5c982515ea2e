"""The firm's own past from its rows, as a history that can be replayed week by week: each made of what was known then.

The rows are those that scoring reads (`analysis.scoring.evidence`), cut off at each week by `as_of`; who was lost is by
the firm's own ladder: lapsed by the end of its history, or closed as lost with no job since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.backtest.history import History, Past
from analysis.relationships import ladder, rhythm
from analysis.relationships.evidence import Evidence
from analysis.relationships.history import as_of
from analysis.scoring.evidence import load_evidence
from analysis.scoring.ladder_rules import rules_in_force
from survey.firms import get_firm
from survey.models import Client

AT_ONCE = 200
MOST_CLIENTS = 5_000  # every so many of a larger firm's: it is as good to learn from, and takes minutes less


@dataclass(frozen=True)
class OwnPast(Past):
    """One client's past from the rows."""

    evidence: Evidence

    def known_at(self, moment: datetime, _asked_from: datetime | None, _asked_to: datetime | None) -> Evidence:
        """What was known at `moment`."""
        return as_of(self.evidence, moment)


@dataclass(frozen=True)
class Lived:
    """A firm's history, and the last jobs of those of its clients who were lost by its end."""

    history: History
    lost: dict[str, datetime]
    waiting: timedelta  # how long the ladder waits before it says that a client has lapsed

    @property
    def known_until(self) -> datetime:
        """Until when it is known who had their last job: who came later may be gone without anybody knowing yet."""
        return self.history.last - self.waiting


def client_count(session: Session) -> int:
    """How many clients `gather` reads, about."""
    return min(MOST_CLIENTS, session.scalar(select(func.count()).select_from(Client).where(~Client.internal)) or 0)


def gather(session: Session, now: datetime, advance: Callable[[int], None] = lambda _done: None) -> Lived | None:
    """The past of the firm's clients (of a larger firm every second, third … by their number, which says nothing of
    their fate); None when no job was finished. `advance` is told how many clients were read."""
    firm, rules = get_firm(session), rules_in_force(session).rules
    ids = session.scalars(select(Client.id).where(~Client.internal).order_by(Client.id)).all()
    ids = ids[:: max(1, -(-len(ids) // MOST_CLIENTS))]
    clients: list[OwnPast] = []
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        for client_id, evidence in load_evidence(session, firm, batch, now).items():
            if evidence.jobs:
                clients.append(OwnPast(str(client_id), "", evidence.jobs, evidence.responses, (), evidence))
        session.expunge_all()
        advance(len(batch))
    if not clients:
        return None
    history = History(tuple(clients), 0)
    lost = {
        past.ref: past.jobs[-1].completed_at
        for past in clients
        if ladder.has_lapsed(past.evidence, rhythm.rhythm(past.evidence, history.last), history.last, rules)
    }
    return Lived(history, lost, timedelta(days=rules.lapsed_days))
