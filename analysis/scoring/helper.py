"""Judges many clients at once on two cores: a firm whose whole history came in is judged in minutes.

Both processes read and judge; this one keeps what is found, a part at a time, so that nobody waits long for the
database. No transaction that could write is open meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from analysis.scoring.scorer import Gauge, Scored, judged
from survey.db import begin_reading, engine_for

MANY = 40  # fewer are not worth a second process
AT_ONCE, LAST = 40, 8  # clients in a part

Versions = Mapping[int, int]
Judge = Callable[[Versions, Gauge, datetime], list[Scored]]


class Helper:
    """A second process that judges clients, started when there are many, stopped when there are few again.

    Parts are disjoint and each client is judged by themselves, so that it makes no difference who judges them.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: ProcessPoolExecutor | None = None

    @property
    def busy(self) -> bool:
        """Whether there is a second process."""
        return self._pool is not None

    def judge(self, versions: Versions, by: Gauge, now: datetime, mine: Judge) -> Iterator[list[Scored]]:
        """What is found of these clients, part by part; `mine` judges a part in this process."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), _open, (self._url,))
        parts = parts_of(list(versions.items()))
        try:
            theirs = [self._pool.submit(_judge, part, by, now) for part in parts]
        except BrokenProcessPool:
            self.stop()
            theirs = []
        for part in reversed(parts):
            yield self._mine_or_theirs(part, theirs.pop() if theirs else None, by, now, mine)

    def _mine_or_theirs(
        self, part: Versions, theirs: "Future[list[Scored]] | None", by: Gauge, now: datetime, mine: Judge
    ) -> list[Scored]:
        """The second process works from the front, this one from the back, until they meet."""
        if theirs is None or theirs.cancel():
            return mine(part, by, now)
        try:
            return theirs.result()
        except BrokenProcessPool:  # somebody ended it: the next batch gets a new one
            self.stop()
            return mine(part, by, now)

    def stop(self) -> None:
        """End the second process, if there is one."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def parts_of(items: Sequence[tuple[int, int]]) -> list[Versions]:
    """Large ones at the ends, where both begin; small ones in the middle, where one waits for the other's last."""
    found, start = [list[Versions](), list[Versions]()], 0
    end = len(items)
    while start < end:
        size = min(AT_ONCE, max(LAST, (end - start) // 6), end - start)
        found[0].append(dict(items[start : start + size]))
        start += size
        if start < end:
            size = min(size, end - start)
            found[1].append(dict(items[end - size : end]))
            end -= size
    return [*found[0], *reversed(found[1])]


_database: list[Engine] = []  # of the second process


def _open(url: str) -> None:
    _database.append(engine_for(url))


def _judge(versions: Versions, by: Gauge, now: datetime) -> list[Scored]:
    with Session(_database[0]) as session:
        begin_reading(session)
        return judged(session, versions, by, now)
