"""How others know that a background process lives: it writes down the time, every few seconds."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from survey.db import insert_or_ignore
from survey.models import Heartbeat

WORKER = "worker"
STALE_SECONDS = 60.0


def beat(session: Session, process: str, now: datetime) -> None:
    """Record that `process` is alive at `now`."""
    row = session.get(Heartbeat, process)
    if row is None:
        insert_or_ignore(session, Heartbeat, [{"process": process, "at": now}])
    else:
        row.at = now


def last_beat(session: Session, process: str) -> datetime | None:
    """When `process` was last known to be alive; None if it never was, or stopped in good order."""
    row = session.get(Heartbeat, process)
    return row.at if row else None


def stop_beating(session: Session, process: str) -> None:
    """Forget `process`: it stopped in good order."""
    session.execute(delete(Heartbeat).where(Heartbeat.process == process))
