"""Kinds of job, whatever the case in which each source writes them: “Repair” and “REPAIR” are one kind."""

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.distinct import distinct_words
from survey.models import Job


def job_kinds(session: Session) -> list[str]:
    """Every kind of job that occurs, once, as most jobs write it; in order."""
    written = _written(session)
    twice = [name for names in written.values() if len(names) > 1 for name in names]
    counts = select(Job.kind, func.count()).where(Job.kind.in_(twice)).group_by(Job.kind)
    jobs = dict(session.execute(counts).all()) if twice else {}
    return [max(names, key=lambda name: jobs.get(name, 0)) for _key, names in sorted(written.items())]


def spellings(session: Session, kind: str) -> list[str]:
    """Every way in which jobs write this kind, for a filter; a kind that no job has is itself."""
    return _written(session).get(kind.casefold(), [kind])


def spelled(session: Session) -> dict[str, str]:
    """The case-folded kind → how most jobs write it."""
    return {name.casefold(): name for name in job_kinds(session)}


def _written(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in distinct_words(session, Job.kind):
        found[name.casefold()].append(name)
    return found
