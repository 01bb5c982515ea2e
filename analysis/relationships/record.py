"""What one assessment was made of, as numbers that can be kept, and the same assessment worked out from them again.

Kept are the signals' points as the rules found them, the inputs of the chance of loss, and what else the flag hung on;
no words. With the weights (a flag keeps them whole; a state names their version) they give the same flag again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from analysis.relationships import risk
from analysis.relationships.alive import Habit
from analysis.relationships.evidence import Signal
from analysis.relationships.loss import (
    FITTED,
    RATING_SIGNALS,
    WORD_SIGNALS,
    Inputs,
    Loss,
    LossWeights,
    concluded,
    offset,
    weights_from,
)
from analysis.relationships.risk import Judgement
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights


@dataclass(frozen=True)
class Context:
    """What a flag hangs on beside the signals and the chance of loss."""

    live_severity: str | None  # of the flag that stood already
    worth: float  # the client's yearly value ÷ that from which one is among the firm's largest
    lapsed: bool
    old: bool = False  # they have been away for so long that it is no news any more

    @property
    def too_late(self) -> bool:
        """Whether no flag can stand, whatever the signs: the client is gone and was not flagged in time."""
        return self.lapsed and self.live_severity is None


@dataclass(frozen=True)
class Record:
    """One assessment's inputs. `found`: the signals with the points of the rules, as they were weighted on that day;
    `named`: those that the chance of loss alone named. `shift`: what the weights of the points add to the alarm."""

    at: datetime
    inputs: Inputs
    found: tuple[Signal, ...]
    named: tuple[Signal, ...]
    shift: float
    context: Context

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column."""
        known = self.inputs
        return {
            "at": self.at.isoformat(),
            "features": dict(zip(FITTED, known.features, strict=True)),
            "down": list(known.down),
            "variance": known.variance,
            "answers": known.answers,
            "habit": asdict(known.habit) if known.habit else None,
            "found": [_kept(signal) for signal in self.found],
            "named": [_kept(signal) for signal in self.named],
            "shift": self.shift,
            **asdict(self.context),
        }


@dataclass(frozen=True)
class Again:
    """What follows from a record: the chance of loss, the alarm, whether a flag stands, and what would clear it."""

    loss: Loss
    alarm: float
    judgement: Judgement
    clears_if: str


def judge(
    found: Sequence[Signal], warns: float, context: Context, weights: Weights = DEFAULT_WEIGHTS
) -> tuple[float, Judgement]:
    """(the alarm, whether a flag stands); `warns` is `Loss.warns`. A client who has lapsed is not flagged anew: the
    time to act is over."""
    alarm = risk.probability(risk.total_points(found), weights)
    judged = risk.judge(
        alarm, found, live_severity=context.live_severity, worth=context.worth, loss=warns, old=context.old
    )
    if context.too_late:
        judged = Judgement(False, None)
    return alarm, judged


def recorded(
    at: datetime, likely: Loss, found: Sequence[Signal], context: Context, weights: Weights = DEFAULT_WEIGHTS
) -> Record:
    """What an assessment of `at` was made of."""
    names = {signal.name for signal in found}
    named = tuple(signal for signal in likely.signals if signal.name not in names)
    return Record(at, likely.inputs, tuple(found), named, weights.intercept, context)


def record_from(document: Mapping[str, Any]) -> Record | None:
    """The record in a JSON column; None where there is none, or it was made by a model with other features."""
    features = document.get("features")
    if not features or set(features) != set(FITTED):
        return None
    habit = Habit(**document["habit"]) if document["habit"] else None
    ratings, said = document["down"]
    known = Inputs(
        features=tuple(float(features[name]) for name in FITTED),
        offset=0.0,
        down=(float(ratings), float(said)),
        variance=float(document["variance"]),
        answers=int(document["answers"]),
        habit=habit,
    )
    return Record(
        at=datetime.fromisoformat(document["at"]),
        inputs=known,
        found=tuple(_signal(item) for item in document["found"]),
        named=tuple(_signal(item) for item in document["named"]),
        shift=float(document["shift"]),
        context=Context(
            document["live_severity"],
            float(document["worth"]),
            bool(document["lapsed"]),
            bool(document.get("old", False)),
        ),
    )


def again(record: Record, weights: LossWeights, live_severity: str | None = None, *, anew: bool = False) -> Again:
    """The assessment that the record was made of, by the same rules; or by other weights of the chance of loss.

    `anew`: judged for a flag of `live_severity` instead of the one that stood then.
    """
    points = Weights({}, record.shift)
    known = replace(record.inputs, offset=offset(record.inputs.habit, record.found, weights))
    by_name = {signal.name: signal for signal in record.named}
    unnamed = {
        "ratings": lambda: _first(by_name, RATING_SIGNALS),
        "words": lambda: _first(by_name, WORD_SIGNALS),
        "overdue": lambda: by_name.get("overdue"),
    }
    likely = concluded(known, record.found, weights, unnamed)
    context = replace(record.context, live_severity=live_severity) if anew else record.context
    alarm, judged = judge(record.found, likely.warns, context, points)
    clears = risk.clears_if(likely.signals, record.at, points, loss=likely.warns) if judged.flagged else ""
    return Again(likely, alarm, judged, clears)


def weights_kept(document: Mapping[str, Any]) -> LossWeights | None:
    """The weights that a flag keeps beside its record."""
    return weights_from(document["weights"]) if document.get("weights") else None


def _first(named: Mapping[str, Signal], names: Sequence[str]) -> Signal | None:
    return next((named[name] for name in names if name in named), None)


def _kept(signal: Signal) -> dict[str, Any]:
    return {
        "name": signal.name,
        "points": signal.points,
        **({"fades": False} if not signal.fades else {}),
        **({"doubtful": True} if signal.doubtful else {}),
    }


def _signal(item: Mapping[str, Any]) -> Signal:
    fades, doubtful = bool(item.get("fades", True)), bool(item.get("doubtful", False))
    return Signal(str(item["name"]), float(item["points"]), "", fades=fades, doubtful=doubtful)
