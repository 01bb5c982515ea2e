"""The background tasks of sending."""

from survey.config import Settings
from survey.worker import Task


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order."""
    return ()
