"""What there is to know of a relationship beside its risk: ties, coverage, silences, contradictions."""

from datetime import datetime
from typing import Any

from analysis.relationships.contradiction import contradictions
from analysis.relationships.coverage import coverage
from analysis.relationships.depth import strengths
from analysis.relationships.evidence import Evidence
from analysis.relationships.satisfaction import Satisfaction
from analysis.relationships.silence import asked
from analysis.relationships.usual import FirmUsual

MOST_NOTES = 3


def picture(
    evidence: Evidence, firm: FirmUsual, now: datetime, satisfied: Satisfaction | None = None
) -> dict[str, Any]:
    """For a JSON column: {"strengths", "coverage", "asked", "notes"}. `satisfied`: their satisfaction, where known."""
    return {
        "strengths": [strength.as_dict() for strength in strengths(evidence, now)],
        "coverage": coverage(evidence, firm, now, satisfied).as_dict(),
        "asked": asked(evidence, now).as_dict(),
        "notes": [note.as_dict() for note in contradictions(evidence, now)[:MOST_NOTES]],
    }
