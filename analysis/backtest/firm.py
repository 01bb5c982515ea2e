"""What was usual for the firm at each week of its past, kept up as the weeks go by."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from analysis.backtest.history import History
from analysis.relationships.evidence import JobDone, Response
from analysis.relationships.usual import (
    PRIOR_LEVEL,
    FirmUsual,
    answering_from,
    effect_of,
    late_share_from,
    level_from,
    shrinkage_from,
    shrunk_effect,
    words_from,
)

YEAR = timedelta(days=365)
SETTLED = timedelta(days=14)


class Firm:
    """The firm's usual at a moment, from what was known then; moments must be asked for in order."""

    def __init__(self, history: History) -> None:
        self._jobs: Sequence[JobDone] = sorted(
            (job for past in history.clients for job in past.jobs), key=lambda job: job.completed_at
        )
        self._by_id = {job.id: job for job in self._jobs}
        told = [(response, past.ref) for past in history.clients for response in past.responses]
        self._told: Sequence[tuple[Response, str]] = sorted(told, key=lambda item: (item[0].at, item[0].id))
        self._done = 0
        self._sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        self._clients: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        self._effects: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    @property
    def heard(self) -> tuple[datetime, datetime] | None:
        """The moments of the first and the latest response so far."""
        return (self._told[0][0].at, self._told[self._done - 1][0].at) if self._done else None

    def at(self, moment: datetime) -> FirmUsual:
        """What was usual by `moment`."""
        while self._done < len(self._told) and self._told[self._done][0].at <= moment:
            self._hear(*self._told[self._done])
            self._done += 1
        csat = level_from("csat", *self._counted("csat"))
        return FirmUsual(
            levels={question: level_from(question, *self._counted(question)) for question in PRIOR_LEVEL},
            shrinkage=shrinkage_from([(int(n), total, squares) for n, total, squares in self._clients.values()]),
            answering=self._answering(moment),
            late_share=self._late(moment),
            words=words_from(*self._counted("words")),
            effects={
                name: shrunk_effect(share, (total - share * csat.mean) / csat.spread)
                for name, (share, total) in self._effects.items()
            },
        )

    def _counted(self, name: str) -> tuple[int, float, float]:
        count, total, squares = self._sums[name]
        return int(count), total, squares

    def _hear(self, response: Response, ref: str) -> None:
        for question, value in response.numbers.items():
            _add(self._sums[question], value)
        if response.reading is not None:
            _add(self._sums["words"], response.reading.score)
        csat, job = response.numbers.get("csat"), self._by_id[response.job_id]
        if csat is None:
            return
        _add(self._clients[ref], csat)
        whole = sum(share for _, share in job.staff) or 1.0
        for name, share in (*((f"staff/{n}", s / whole) for n, s in job.staff), (effect_of(job.kind), 1.0)):
            self._effects[name][0] += share
            self._effects[name][1] += share * csat

    def _answering(self, moment: datetime) -> tuple[float, float]:
        if self.heard is None:
            return answering_from(0, 0)
        first, end = self.heard[0] - SETTLED, moment - SETTLED
        reach = bisect_right(self._jobs, end, key=lambda job: job.completed_at)
        asked = reach - bisect_right(self._jobs, first, key=lambda job: job.completed_at)
        return answering_from(min(self._done, max(0, asked)), max(0, asked))

    def _late(self, moment: datetime) -> float:
        low = bisect_right(self._jobs, moment - YEAR, key=lambda job: job.completed_at)
        high = bisect_right(self._jobs, moment, key=lambda job: job.completed_at)
        dated = [job for job in self._jobs[low:high] if job.promised_at is not None]
        late = sum(1 for job in dated if job.promised_at is not None and job.completed_at > job.promised_at)
        return late_share_from(late, len(dated))


def _add(sums: list[float], value: float) -> None:
    sums[0] += 1
    sums[1] += value
    sums[2] += value * value
