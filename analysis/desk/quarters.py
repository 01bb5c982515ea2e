"""The ladder counted by quarter: who became a client, who came back, who fell, and of how many. Pure.

Moves that only an edit of the rules caused change where somebody stands, and count as nothing else.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from analysis.models import Rung
from analysis.relationships.intervals import wilson

BELOW = frozenset({Rung.NEW, Rung.CUSTOMER})
CLIENTS = frozenset({Rung.CLIENT, Rung.ADVOCATE})
FALLEN = frozenset({Rung.COOLING, Rung.LAPSED})


@dataclass(frozen=True)
class Share:
    """`count` of `total` with a 95% Wilson interval; None where there is nothing to count."""

    count: int
    total: int

    @property
    def share(self) -> float | None:
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.count, self.total)


@dataclass(frozen=True)
class Step:
    """One move, as the counting needs it."""

    client_id: int
    before: Rung | None
    after: Rung
    at: datetime
    by_rules: bool = False


@dataclass(kw_only=True)
class QuarterCount:
    """One quarter: clients at its start and how many of them fell; customers at its start and how many became clients.

    `became`, `won_back` and `fell` are all moves of the quarter, also of those who came in the middle of it.
    """

    start: datetime
    clients_at_start: set[int] = field(default_factory=set)
    customers_at_start: set[int] = field(default_factory=set)
    became: list[int] = field(default_factory=list)
    won_back: list[int] = field(default_factory=list)
    fell: list[int] = field(default_factory=list)

    @property
    def label(self) -> str:
        return label_of(self.start)

    @property
    def is_empty(self) -> bool:
        """Whether it lies before anything that is known."""
        return not (self.clients_at_start or self.customers_at_start or self.became or self.won_back or self.fell)

    @property
    def net(self) -> int:
        return len(self.became) + len(self.won_back) - len(self.fell)

    @property
    def converted(self) -> Share:
        """Of those who were new or customers when the quarter began, how many became clients in it."""
        return Share(len(self.customers_at_start & set(self.became)), len(self.customers_at_start))

    @property
    def lost(self) -> Share:
        """Of those who were clients or advocates when the quarter began, how many fell in it."""
        return Share(len(self.clients_at_start & set(self.fell)), len(self.clients_at_start))


def label_of(start: datetime) -> str:
    """`Q3 2026`."""
    return f"Q{(start.month + 2) // 3} {start.year}"


def quarter_starts(now: datetime, count: int) -> list[datetime]:
    """The first moments (UTC) of this quarter and of the `count` − 1 before it, newest first."""
    index = now.year * 4 + (now.month - 1) // 3
    return [datetime(i // 4, i % 4 * 3 + 1, 1, tzinfo=UTC) for i in range(index, index - count, -1)]


def quarter_end(start: datetime) -> datetime:
    """The first moment of the next quarter."""
    return datetime(start.year + start.month // 10, (start.month + 2) % 12 + 1, 1, tzinfo=UTC)


def kind_of(before: Rung | None, after: Rung) -> str:
    """What a move means for the number of clients: became, won_back, fell, or "" for neither.

    The first rung a client is ever given is a finding, not a climb; from cooling to lapsed is the same fall going on.
    """
    if after in CLIENTS and before in BELOW:
        return "became"
    if after in CLIENTS and before in FALLEN:
        return "won_back"
    return "fell" if after in FALLEN and before in CLIENTS else ""


def count_quarters(steps: Iterable[Step], starts: list[datetime]) -> list[QuarterCount]:
    """The quarters that begin at `starts` (newest first, as `quarter_starts` gives them), newest first.

    `steps`: every move ever, in order of time.
    """
    rising = sorted(starts)
    quarters = [QuarterCount(start=start) for start in rising]
    standing: dict[int, Rung] = {}
    opened = 0
    for step in steps:
        opened = _open(quarters, opened, step.at, standing)
        standing[step.client_id] = step.after
        place = bisect_right(rising, step.at) - 1
        kind = "" if step.by_rules or step.before is None or place < 0 else kind_of(step.before, step.after)
        if kind:
            getattr(quarters[place], kind).append(step.client_id)
    _open(quarters, opened, rising[-1] if rising else None, standing)
    return quarters[::-1]


def _open(quarters: list[QuarterCount], opened: int, until: datetime | None, standing: dict[int, Rung]) -> int:
    """Note who stood where at the beginning of every quarter that begins by `until`."""
    while until is not None and opened < len(quarters) and quarters[opened].start <= until:
        quarters[opened].clients_at_start = {client for client, rung in standing.items() if rung in CLIENTS}
        quarters[opened].customers_at_start = {client for client, rung in standing.items() if rung in BELOW}
        opened += 1
    return opened
