"""Who would have been on the weekly list of ten to call, by any rule; and which of the lost that would have found."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from analysis.backtest.replay import HORIZON, Label, Snapshot

TEN = 10
OURS = "model"
YES_OR_NO = ("csat_low", "detractor", "comment_negative")  # such a rule lists nobody of whom it says no
Place = tuple[datetime, str]


@dataclass(frozen=True)
class Found:
    """Of the lost who could be found: days from the first week on the list, in the 90 days before the last job, to
    that job; None for one who was on none of those lists. By client."""

    days: Mapping[str, float | None]

    @property
    def leads(self) -> list[float]:
        return sorted(days for days in self.days.values() if days is not None)


def weekly_ten(snapshots: Sequence[Snapshot], labels: Sequence[Label], rule: str) -> set[Place]:
    """(week, client) of each week's ten highest by `rule` among those who count at it.

    Equals are put in an order drawn once, the same for every rule: a person who calls ten of forty equals can do no
    better than chance.
    """
    weeks: dict[datetime, list[tuple[float, int, str]]] = defaultdict(list)
    for snapshot, label in zip(snapshots, labels, strict=True):
        score = snapshot.risk if rule == OURS else snapshot.naive[rule]
        if label.at_risk and not (rule in YES_OR_NO and score <= 0):
            weeks[snapshot.week].append((-score, crc32(snapshot.ref.encode()), snapshot.ref))
    return {(week, ref) for week, ranked in weeks.items() for _, _, ref in sorted(ranked)[:TEN]}


def findable(snapshots: Sequence[Snapshot], labels: Sequence[Label], lost: Mapping[str, datetime]) -> list[str]:
    """The lost who counted at some week of the 90 days before their last job: the others nobody could have found."""
    seen = {s.ref for s, label in zip(snapshots, labels, strict=True) if label.at_risk and label.lost and s.ref in lost}
    return sorted(seen)


def found_by(listed: set[Place], lost: Mapping[str, datetime], among: Sequence[str]) -> Found:
    """Which of `among`, who are lost, these lists would have found, and how early."""
    first: dict[str, datetime] = {}
    for week, ref in listed:
        if ref in lost and week <= lost[ref] <= week + HORIZON and (ref not in first or week < first[ref]):
            first[ref] = week
    return Found({ref: (lost[ref] - first[ref]).total_seconds() / 86_400 if ref in first else None for ref in among})
