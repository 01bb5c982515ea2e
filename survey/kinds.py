"""Kinds of job, whatever the case in which each source writes them: “Repair” and “REPAIR” are one kind."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.distinct import distinct_words
from survey.models import Job


@dataclass(frozen=True)
class Kinds:
    """The kinds of job that occur. Of each, by its name in small letters: how most jobs write it, and all ways."""

    names: Mapping[str, str]  # in order
    ways: Mapping[str, Sequence[str]]

    def named(self, kind: str) -> str:
        """How most jobs write this kind; a kind that no job has is itself."""
        return self.names.get(kind.casefold(), kind)

    def spellings(self, kind: str) -> Sequence[str]:
        """Every way in which jobs write this kind, for a filter."""
        return self.ways.get(kind.casefold(), [kind])


def load_kinds(session: Session) -> Kinds:
    """What each kind is called, from one look at the jobs."""
    written = _written(session)
    twice = [name for names in written.values() if len(names) > 1 for name in names]
    counts = select(Job.kind, func.count()).where(Job.kind.in_(twice)).group_by(Job.kind)
    jobs = dict(session.execute(counts).all()) if twice else {}
    usual = {key: max(names, key=lambda name: jobs.get(name, 0)) for key, names in sorted(written.items())}
    return Kinds(usual, written)


def job_kinds(session: Session) -> list[str]:
    """Every kind of job that occurs, once, as most jobs write it; in order."""
    return list(load_kinds(session).names.values())


def spellings(session: Session, kind: str) -> list[str]:
    """Every way in which jobs write this kind, for a filter; a kind that no job has is itself."""
    return _written(session).get(kind.casefold(), [kind])


def spelled(session: Session) -> dict[str, str]:
    """The case-folded kind → how most jobs write it."""
    return dict(load_kinds(session).names)


def _written(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in distinct_words(session, Job.kind):
        found[name.casefold()].append(name)
    return found
