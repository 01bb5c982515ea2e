"""What came of the flags, and the weights that those outcomes suggest. Proposed by the machine, decided by people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from analysis.models import Calibration


@dataclass(frozen=True)
class Rate:
    """`count` of `total`, with a 95% Wilson interval. With no total all three shares are None."""

    count: int
    total: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SignalRecord:
    """How one signal did over the flags with an outcome in which it took part."""

    signal: str
    label: str
    right: Rate  # the danger was real: kept, lost or too late
    false_alarm: Rate


@dataclass(frozen=True)
class Scoreboard:
    """What came of the flags: of those with an outcome, how many were useful, false alarms, too late."""

    raised: int
    live: int
    cleared: int  # the evidence went away by itself
    judged: int  # have an outcome
    kept: int
    lost: int
    useful: Rate  # kept or lost, but warned in time
    false_alarm: Rate
    too_late: Rate
    signals: tuple[SignalRecord, ...]
    missing: str  # what is missing before a refit can be proposed, as a sentence; "" when nothing


def scoreboard(session: Session) -> Scoreboard:
    """What came of all flags so far."""
    raise NotImplementedError


def propose(session: Session, now: datetime) -> Calibration | None:
    """Refit from outcomes and keep it as a proposal; None when outcomes are too few (`Scoreboard.missing` says)."""
    raise NotImplementedError


def current(session: Session) -> Calibration | None:
    """The accepted weights in force; None means the defaults."""
    raise NotImplementedError


def waiting(session: Session) -> Calibration | None:
    """The proposal that waits for a decision."""
    raise NotImplementedError


def accept(session: Session, calibration: Calibration, user_id: int | None, now: datetime) -> Calibration:
    """Put a proposal in force; the set before it is superseded and every client is scored again."""
    raise NotImplementedError


def reject(session: Session, calibration: Calibration, user_id: int | None, now: datetime) -> Calibration:
    """Turn a proposal down."""
    raise NotImplementedError
