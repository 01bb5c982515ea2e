"""What `flask doctor` says about reading."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from analysis.reading import recalibration, subjects
from analysis.reading.analysers import analyser_with
from analysis.reading.reanalysis import Choice, counted
from analysis.text.recalibration import base_of
from survey.config import Settings
from survey.doctor import Check, Level


def check_reading(session: Session, settings: Settings, _now: datetime) -> Iterator[Check]:
    """The analyser can be loaded, and which answers an older version has read."""
    calibration = recalibration.in_force(session)
    try:
        model = analyser_with(settings.text_analyser, subjects.in_force(session), calibration).model
    except (ImportError, OSError, ValueError) as error:
        found = f"{settings.text_analyser.value} cannot be loaded: {error}"
        yield Check("text analyser", Level.FAIL, found, "Run `make setup` again, or set TEXT_ANALYSER to another one.")
        return
    yield Check("text analyser", Level.OK, model)
    if calibration and calibration.base != base_of(model):
        found = f"calibration {calibration.number} was fitted to {calibration.base}, and is not used"
        yield Check("calibration", Level.WARN, found, "Read history again, then: `flask text calibrate propose`.")
    older = counted(session, Choice(model))
    if older:
        by = ", ".join(f"{count:,} by {version}" for version, count in older.items())
        found = f"{sum(older.values()):,} are read by another version ({by})"
        yield Check("answers", Level.WARN, found, "See what would change: `flask text reanalyse --dry-run`.")
