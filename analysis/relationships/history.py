"""A client's history as it was known at any moment of it: nothing later is seen. For replaying the past. Pure."""

from bisect import bisect_right
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TypeVar

from analysis.relationships.evidence import Ask, Evidence, JobDone, Person, Told

_AT, _MADE = attrgetter("at"), attrgetter("made_at")
_AT_ONCE = timedelta()
_Item = TypeVar("_Item")


def as_of(evidence: Evidence, moment: datetime) -> Evidence:
    """The evidence as it was known at `moment`."""
    return Timeline(evidence).at(moment)


class Timeline:
    """One client's history to be looked at many times: only what can differ from look to look is gone through."""

    def __init__(self, evidence: Evidence) -> None:
        self._whole = evidence
        self._done_at = [job.completed_at for job in evidence.jobs]
        self._asked_at = [ask.at for ask in evidence.asks]
        self._said_at = [response.at for response in evidence.responses]
        self._reopened = any(job.reopened_at is not None for job in evidence.jobs)
        taken = [ask.answered_at - ask.at for ask in evidence.asks if ask.answered_at is not None]
        self._answers_take = max(taken, default=_AT_ONCE)
        self._people_change = any(_changes(person) for person in evidence.people)

    def at(self, moment: datetime) -> Evidence:
        """See `as_of`."""
        whole, known = self._whole, object.__new__(Evidence)
        vars(known).update(  # a frozen class sets its fields one by one, which takes longer than all the rest
            jobs=self._jobs(moment),
            asks=self._asks(moment),
            responses=whole.responses[: bisect_right(self._said_at, moment)],
            people=self._people(moment),
            promises=_until(whole.promises, moment, _MADE),
            told=tuple([_told_as_of(told, moment) for told in _until(whole.told, moment, _AT)]),
            contacted=tuple([at for at in whole.contacted if at <= moment]),
            referred=tuple([at for at in whole.referred if at <= moment]),
            settlements=_until(whole.settlements, moment, _AT),
            step_texts=whole.step_texts,
            own_aspects=whole.own_aspects,
            interests=whole.interests,
        )
        return known

    def _jobs(self, moment: datetime) -> tuple[JobDone, ...]:
        jobs = self._whole.jobs[: bisect_right(self._done_at, moment)]
        if not self._reopened:
            return jobs
        return tuple(
            [
                job if job.reopened_at is None or job.reopened_at <= moment else replace(job, reopened_at=None)
                for job in jobs
            ]
        )

    def _asks(self, moment: datetime) -> tuple[Ask, ...]:
        """Only what was asked shortly before can have been answered afterwards."""
        asks = self._whole.asks[: bisect_right(self._asked_at, moment)]
        settled = bisect_right(self._asked_at, moment - self._answers_take)
        recent = [
            ask
            if ask.answered_at is None or ask.answered_at <= moment
            else replace(ask, answered=False, answered_at=None)
            for ask in asks[settled:]
        ]
        return (*asks[:settled], *recent)

    def _people(self, moment: datetime) -> tuple[Person, ...]:
        people = self._whole.people
        return tuple([_person_as_of(person, moment) for person in people]) if self._people_change else people


def _until(items: tuple[_Item, ...], moment: datetime, when: "attrgetter[datetime]") -> tuple[_Item, ...]:
    return tuple([item for item in items if when(item) <= moment]) if items else items


def _told_as_of(told: Told, moment: datetime) -> Told:
    return told if told.fixed_at is None or told.fixed_at <= moment else replace(told, fixed=None, fixed_at=None)


def _changes(person: Person) -> bool:
    return any(at is not None for at in (person.blocked_at, person.left_at, person.decides_since))


def _person_as_of(person: Person, moment: datetime) -> Person:
    if person.blocked_at is not None and person.blocked_at > moment:
        person = replace(person, mail_block=None, blocked_at=None)
    if person.left_at is not None and person.left_at > moment:
        person = replace(person, left_at=None)
    if person.decides_since is not None and person.decides_since > moment:
        person = replace(person, decides=False, decides_since=None)
    return person
