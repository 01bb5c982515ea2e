"""The loop that asks the tasks: what is due is done soon, and a night without work costs little."""

import threading
from contextlib import nullcontext
from datetime import datetime

from survey.worker import IDLE_POLL_SECONDS, POLL_SECONDS, Task, run_forever


class _Watch(threading.Event):
    """Says stop after a number of pauses, and remembers how long each would have been."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self.pauses, self.waited = pauses, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        if len(self.waited) == self.pauses:
            self.set()
        return self.is_set()


def test_the_longer_nothing_is_due_the_less_often_it_is_asked() -> None:
    """Up to a bound that nobody who waits for an email would notice."""
    stop = _Watch(pauses=12)
    run_forever([Task("nothing", lambda _now: 0)], nullcontext, stop)
    assert stop.waited[0] == POLL_SECONDS
    assert stop.waited == sorted(stop.waited)
    assert stop.waited[-1] == IDLE_POLL_SECONDS


def test_work_is_followed_by_a_short_pause_again() -> None:
    """After a batch the tasks are asked again at once, and often for a while."""
    rounds = 0
    stop = _Watch(pauses=11)

    def something_once(_now: datetime) -> int:
        nonlocal rounds
        rounds += 1
        return int(rounds == 11)

    run_forever([Task("once", something_once)], nullcontext, stop)
    assert rounds == 12  # ten pauses, work, and no pause before the next question
    assert stop.waited[-1] == POLL_SECONDS


def test_a_task_that_fails_keeps_no_other_from_its_turn() -> None:
    """It waits for its next try by itself."""
    tries, turns = 0, 0
    stop = _Watch(pauses=5)

    def fails(_now: datetime) -> int:
        nonlocal tries
        tries += 1
        raise ValueError("a broken row")

    def works(_now: datetime) -> int:
        nonlocal turns
        turns += 1
        return 0

    run_forever([Task("fails", fails), Task("works", works)], nullcontext, stop)
    assert turns == 5
    assert tries == 1  # a second has not passed
