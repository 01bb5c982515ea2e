"""Which jobs of an imported history another tool will have asked about."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from analysis.relationships.evidence import Ask, JobDone

REST = timedelta(days=30)  # a contact counts as asked at most this often, unless they answered
SETTLES = timedelta(days=14)


def imported_asks(
    jobs: Iterable[JobDone], answered: Mapping[int, datetime], first: datetime, last: datetime
) -> list[Ask]:
    """Each job closed from `first` to `last`, while that tool was in use, counts as an ask, at most one in 30 days for
    each contact. `answered` gives the moment of the answer by job id."""
    asks: list[Ask] = []
    latest: dict[int, datetime] = {}
    for job in jobs:
        if not first <= job.completed_at <= last:
            continue
        replied, before = answered.get(job.id), latest.get(job.contact_id)
        if replied is None and before is not None and job.completed_at - before < REST:
            continue
        asks.append(Ask(job.contact_id, job.completed_at, replied is not None, job.completed_at + SETTLES, replied))
        latest[job.contact_id] = job.completed_at
    return asks
