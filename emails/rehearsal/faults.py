"""What goes wrong on demand, or at random from a seed."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """What the provider does with one request instead of its duty.

    Attributes:
        status: answers with it.
        headers: sent with that answer.
        slow: seconds before the answer.
        reset: cuts the connection "before" the request is read, or "after" the mail was taken.
        accept: takes the mail although the answer is an error.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    slow: float = 0.0
    reset: str = ""
    accept: bool = False


NONE = Fault()
HANG_SECONDS = 3.0

KINDS = {
    "accepted, then cut": Fault(reset="after"),
    "cut before reading": Fault(reset="before"),
    "5xx after acceptance": Fault(status=503, accept=True),
    "5xx": Fault(status=500),
    "hangs": Fault(slow=HANG_SECONDS),
    "slow": Fault(slow=0.2),
    "429": Fault(status=429, headers={"Retry-After": "2"}),
    "401": Fault(status=401),
}


class Faults:
    """The faults to come: those that were asked for first, then at random with the given chance."""

    def __init__(self, chance: float = 0.0, seed: int = 1) -> None:
        self.chance = chance
        self.met: dict[str, int] = {}
        self._random = random.Random(seed)  # noqa: S311 - a rehearsal, the same again for the same seed
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let the next request meet this one."""
        with self._lock:
            self._waiting.append(fault)

    @property
    def waiting(self) -> int:
        """How many were asked for and not met yet."""
        return len(self._waiting)

    def forget(self) -> None:
        """Meet none of those that were asked for."""
        with self._lock:
            self._waiting.clear()

    def take(self) -> Fault:
        """What the request that has just come in meets."""
        with self._lock:
            if self._waiting:
                return self._waiting.pop(0)
            if self._random.random() >= self.chance:
                return NONE
            name = self._random.choice([*KINDS])
            self.met[name] = self.met.get(name, 0) + 1
            return KINDS[name]
