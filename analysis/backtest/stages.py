"""The stages of a long replay, by the names that its progress tells, and who is told."""

from typing import Protocol

READING, REPLAYING, MEASURING, EXPLAINING = "read comments", "replay weeks", "draw samples", "explain flags"
STAGES = (READING, REPLAYING, MEASURING, EXPLAINING)


class Progress(Protocol):
    """Told at each step which stage it is in, how much is done of it, and how much there is."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...
