"""The firm's own calibration of sentiment: proposed from its checked comments, decided and taken back by people."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.learning.proposals import Proposals
from analysis.models import AnswerAnalysis, TextCalibration
from analysis.reading.spot_checks import base_in_force, fair_readings, judged
from analysis.text.recalibration import VERDICTS, Checked, Fit, Recalibration, fit, missing, number_of

if TYPE_CHECKING:
    from analysis.text.recalibration import Chances

calibrations = Proposals(TextCalibration, "calibration")  # accepted, it rules what is read from then on; no history

MOST_READINGS = 20_000  # the newest, of which is said how many would be read differently
EXAMPLES = 6


@dataclass(frozen=True)
class Attempt:
    """What came of trying to calibrate: a proposal, or why there is none."""

    proposal: TextCalibration | None
    why: str
    found: Fit | None = None


def calibration_of(row: TextCalibration) -> Recalibration:
    """The formula's numbers."""
    return Recalibration(row.id, row.base, row.temperature, (row.negative, row.neutral, row.positive))


def in_force(session: Session) -> Recalibration | None:
    """What the reader is to be calibrated with."""
    row = calibrations.current(session)
    return calibration_of(row) if row else None


def lacking(session: Session) -> str:
    """What is missing before a calibration can be tried, as a sentence; "" when nothing."""
    return missing([item.label for item in judged(session, base_in_force(session))])


def propose(session: Session, now: datetime) -> Attempt:
    """Try a calibration and keep what reads better as a proposal; one that still waits is superseded by it."""
    found = tried(session)
    if found.proposal is not None:
        calibrations.propose(session, found.proposal, now)
    return found


def tried(session: Session) -> Attempt:
    """Fit to the checked comments (`analysis.reading.spot_checks`; corrections are no fair sample and take no part).

    What reads better, on answers that it was not fitted to, than what is in force comes back as a proposal that is not
    kept yet. Only reads.
    """
    base = base_in_force(session)
    known = judged(session, base)
    why = missing([item.label for item in known])
    if why:
        return Attempt(None, why)
    accepted = in_force(session)
    before = accepted if accepted and accepted.base == base else None
    shipped = _as_shipped(session, [item.reading for item in known])
    rows = zip(shipped.tolist(), known, strict=True)
    found = fit([Checked(tuple(said), item.label, item.weight) for said, item in rows], before)
    if not found.better:
        return Attempt(None, "On comments that it was not fitted to, no calibration reads better beyond chance.", found)
    biases = dict(zip(VERDICTS, found.biases, strict=True))
    row = TextCalibration(base=base, temperature=found.temperature, **biases)
    row.report = {
        "checked": found.rows,
        "labels": dict(Counter(item.label for item in known)),
        "worth": round(found.worth, 1),
        "loss_before": round(found.loss_before, 4),
        "loss_after": round(found.loss_after, 4),
        "doubt": round(found.doubt, 4),
        "error_before": round(found.error_before, 4),
        "error_after": round(found.error_after, 4),
        "before": before.number if before else None,
        **_effect(session, before, calibration_of(row)),
    }
    return Attempt(row, "", found)


def _as_shipped(session: Session, readings: list[AnswerAnalysis]) -> "Chances":
    """What each reading's version said (readings, 3) before any calibration of the firm's, from the stored decimals."""
    import numpy as np

    rows = session.scalars(select(TextCalibration))
    calibrations = {row.id: calibration_of(row) for row in rows}
    said = np.array([[float(reading.probabilities[name]) for name in VERDICTS] for reading in readings])
    for row, reading in enumerate(readings):
        number = number_of(reading.model)
        if number in calibrations:
            said[row] = calibrations[number].undone(said[row : row + 1])[0]
    return said


def _effect(session: Session, before: Recalibration | None, after: Recalibration) -> dict[str, Any]:
    """How many of the newest stored readings would get another verdict, which, and the clearest examples.

    A mixed verdict stays: that both is said is no question of probabilities.
    """
    newest = fair_readings(after.base).order_by(AnswerAnalysis.analysed_at.desc(), AnswerAnalysis.id.desc())
    readings = list(session.scalars(newest.limit(MOST_READINGS)))
    plain = [reading for reading in readings if reading.sentiment != "mixed"]
    moves: Counter[tuple[str, str]] = Counter()
    examples = []
    if plain:
        shipped = _as_shipped(session, plain)
        now, then = (before.applied(shipped) if before else shipped), after.applied(shipped)
        for reading, one, other in zip(plain, now.tolist(), then.tolist(), strict=True):
            was, becomes = _verdict(one), _verdict(other)
            if was != becomes:
                moves[was, becomes] += 1
                sure = max(other) - other[VERDICTS.index(was)]
                examples.append((sure, reading.answer_id, was, becomes, [round(p, 3) for p in one], other))
    return {
        "readings": len(readings),
        "changed": moves.total(),
        "moves": [{"before": was, "after": becomes, "count": count} for (was, becomes), count in moves.most_common()],
        "examples": [
            {"answer_id": answer_id, "before": was, "after": becomes, "said": one, "says": [round(p, 3) for p in other]}
            for _, answer_id, was, becomes, one, other in sorted(examples, reverse=True)[:EXAMPLES]
        ],
    }


def _verdict(chances: list[float]) -> str:
    return VERDICTS[max(range(len(VERDICTS)), key=chances.__getitem__)]
