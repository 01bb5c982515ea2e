"""Risk said against what happened: counts, expected losses, Brier score, bands. Pure; from sums, so that a large firm's
readings are added up where they lie."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt

from analysis.relationships.intervals import Z95, wilson

BANDS = (0.0, 0.05, 0.1, 0.2, 0.35, 1.0)
HORIZON = timedelta(days=90)


def judged_after(lapsed_days: float) -> timedelta:
    """How long after a risk was said it is known what came of it: the horizon, and as long as the ladder waits until
    it says that a client has lapsed. Asked sooner, those who are gone would still be counted as staying."""
    return HORIZON + timedelta(days=lapsed_days)


@dataclass
class Sums:
    """Of some readings: how many, the sum of the risks, of their variances risk × (1 − risk), and of the errors'
    squares and fourth powers, which are the risks' own as long as nobody was lost."""

    count: int = 0
    risk: float = 0.0
    variance: float = 0.0
    squares: float = 0.0
    fourths: float = 0.0
    lost: int = 0

    def add(self, other: "Sums") -> None:
        self.count += other.count
        self.risk += other.risk
        self.variance += other.variance
        self.squares += other.squares
        self.fourths += other.fourths
        self.lost += other.lost

    def leave_out(self, risk: float) -> None:
        """A reading that does not count: of one who was known to be gone."""
        self.add(Sums(-1, -risk, -risk * (1 - risk), -(risk**2), -(risk**4)))

    def mark_lost(self, risk: float) -> None:
        """One of the readings was of a client who was lost: its error is what was missing to 1."""
        miss = 1.0 - risk
        self.add(Sums(0, 0.0, 0.0, miss**2 - risk**2, miss**4 - risk**4, 1))


@dataclass(frozen=True)
class Band:
    """The readings between two risks: the mean said, and the share that was lost with its 95% interval."""

    low: float
    high: float
    count: int
    said: float
    lost: int
    happened: tuple[float, float, float]


@dataclass(frozen=True)
class Foretold:
    """What some readings were worth. `expected` is the sum of the risks; `brier` and its 95% interval by the errors'
    spread (Brier 1950, Monthly Weather Review 78:1–3); `usual` the score of saying the same of everybody."""

    count: int
    expected: float
    lost: int
    share: tuple[float, float, float]
    brier: tuple[float, float, float]
    usual: float
    bands: tuple[Band, ...] = field(default=())


def band_of(risk: float) -> int:
    """The number of the band that a risk falls in."""
    return next(at for at, high in enumerate(BANDS[1:]) if risk < high or high == BANDS[-1])


def foretold(bands: Sequence[Sums]) -> Foretold | None:
    """What the sums by band (one for each of BANDS) say; None without a reading."""
    whole = Sums()
    for sums in bands:
        whole.add(sums)
    if whole.count <= 0:
        return None
    share = whole.lost / whole.count
    brier = whole.squares / whole.count
    spread = sqrt(max(0.0, whole.fourths / whole.count - brier * brier) / whole.count)
    return Foretold(
        count=whole.count,
        expected=whole.risk,
        lost=whole.lost,
        share=_share(whole.lost, whole.count),
        brier=(brier, max(0.0, brier - Z95 * spread), min(1.0, brier + Z95 * spread)),
        usual=share * (1 - share),
        bands=tuple(
            Band(low, high, sums.count, sums.risk / sums.count, sums.lost, _share(sums.lost, sums.count))
            for (low, high), sums in zip(pairwise(BANDS), bands, strict=True)
            if sums.count > 0
        ),
    )


def apart(months: Iterable[datetime], least: timedelta = HORIZON) -> list[datetime]:
    """The months, the newest first, that lie a whole horizon apart: no loss is counted twice."""
    chosen: list[datetime] = []
    for month in sorted(months, reverse=True):
        if not chosen or chosen[-1] - month >= least - timedelta(days=2):  # February
            chosen.append(month)
    return chosen


def _share(count: int, total: int) -> tuple[float, float, float]:
    low, high = wilson(count, total) or (0.0, 1.0)
    return count / total, low, high
