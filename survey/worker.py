"""Runs what is due. The rows are the schedule; a task claims some, does them, records it, and may be killed."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import structlog

from survey import clock

log = structlog.get_logger()

POLL_SECONDS = 0.5
IDLE_POLL_SECONDS = 2.0  # asking every task costs 40 ms of a core, so a night without work asks less often
MAX_BACKOFF_SECONDS = 60.0


@dataclass(frozen=True)
class Task:
    """A stage of the story that runs in the background.

    `run(now)` does one small batch in transactions of its own and returns how many rows it moved on: 0 when nothing
    is due. It is idempotent, and holds no transaction open during a network call.
    """

    name: str
    run: Callable[[datetime], int]


@dataclass(frozen=True)
class WorkDone:
    """What one pass did: rows moved on by task, and the tasks that raised."""

    done: dict[str, int]
    failed: dict[str, str]

    @property
    def total(self) -> int:
        return sum(self.done.values())


def run_until_idle(
    tasks: Sequence[Task],
    app_context: Callable[[], AbstractContextManager[object]],
    on_progress: Callable[[str, int], None] = lambda _name, _done: None,
) -> WorkDone:
    """Run the tasks in story order until a whole round moves nothing.

    A task that raises is left out of the following rounds, so that one broken row cannot stop the rest; the caller
    sees it in `failed`.
    """
    done: dict[str, int] = {task.name: 0 for task in tasks}
    failed: dict[str, str] = {}
    moved = True
    while moved:
        moved = False
        for task in tasks:
            while task.name not in failed and (count := _run_batch(task, app_context, failed)):
                done[task.name] += count
                moved = True
                on_progress(task.name, done[task.name])
    return WorkDone(done, failed)


def _run_batch(task: Task, app_context: Callable[[], AbstractContextManager[object]], failed: dict[str, str]) -> int:
    try:
        with app_context():
            return task.run(clock.now())
    except Exception as error:
        log.exception("task failed", task=task.name)
        failed[task.name] = f"{type(error).__name__}: {error}"
        return 0


def run_forever(
    tasks: Sequence[Task], app_context: Callable[[], AbstractContextManager[object]], stop: threading.Event
) -> None:
    """Poll until `stop` is set, less often the longer nothing is due.

    A failing task waits longer after every failure, up to a minute; the others go on.
    """
    failures: dict[str, int] = {}
    retry_at: dict[str, float] = {}
    pause = POLL_SECONDS
    while not stop.is_set():
        idle = True
        for task in tasks:
            if stop.is_set() or retry_at.get(task.name, 0.0) > time.monotonic():
                continue
            failed: dict[str, str] = {}
            if _run_batch(task, app_context, failed):
                idle = False
            if failed:
                failures[task.name] = failures.get(task.name, 0) + 1
                wait = min(MAX_BACKOFF_SECONDS, POLL_SECONDS * 2 ** failures[task.name])
                retry_at[task.name] = time.monotonic() + wait
            else:
                failures.pop(task.name, None)
        if idle:
            stop.wait(pause)
        pause = min(IDLE_POLL_SECONDS, pause * 1.25) if idle else POLL_SECONDS
