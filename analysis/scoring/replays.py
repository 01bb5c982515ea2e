"""Replays the pasts of many clients at once on two cores: a whole history that came in is read in minutes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context

from analysis.relationships.evidence import Evidence
from analysis.relationships.past import Past, Yardstick, replayed

MANY = 40  # fewer are not worth a second process
AT_ONCE = 5

Pasts = dict[int, Past]


def replay(evidence: Mapping[int, Evidence], by: Yardstick, now: datetime) -> Pasts:
    """The past of each of these clients, by client id."""
    return {client_id: replayed(known, by, now) for client_id, known in evidence.items()}


class Helper:
    """A second process that replays pasts, started when there are many, stopped when there are few again.

    Batches are disjoint and each past depends on its client alone, so that it makes no difference who replays it.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    @property
    def busy(self) -> bool:
        """Whether there is a second process."""
        return self._pool is not None

    def replay(self, evidence: Mapping[int, Evidence], by: Yardstick, now: datetime) -> Pasts:
        """As `replay`, shared with the second process when it is worth it."""
        if len(evidence) < MANY:
            self.stop()
            return replay(evidence, by, now)
        try:
            return self._shared(evidence, by, now)
        except BrokenProcessPool:  # somebody ended it: the next batch gets a new one
            self.stop()
            return replay(evidence, by, now)

    def _shared(self, evidence: Mapping[int, Evidence], by: Yardstick, now: datetime) -> Pasts:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        parts = [dict(part) for part in _parts(list(evidence.items()))]
        shared = [self._pool.submit(replay, part, by, now) for part in parts]
        pasts: Pasts = {}
        for part, future in zip(reversed(parts), reversed(shared), strict=True):
            pasts |= _mine_or_theirs(part, future, by, now)
        return pasts

    def stop(self) -> None:
        """End the second process, if there is one."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _parts(items: Sequence[tuple[int, Evidence]]) -> list[Sequence[tuple[int, Evidence]]]:
    return [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]


def _mine_or_theirs(part: Mapping[int, Evidence], future: "Future[Pasts]", by: Yardstick, now: datetime) -> Pasts:
    """The second process works from the front, this one from the back, until they meet."""
    return replay(part, by, now) if future.cancel() else future.result()
