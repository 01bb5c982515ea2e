"""A firm's past from its CSV files, as the evidence that the rules read. Who was lost is kept apart from it."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.relationships.asks import SETTLES, imported_asks
from analysis.relationships.evidence import Ask, Evidence, JobDone, Person, Reading, Response
from analysis.text.analyser import Comment, TextAnalyser
from analysis.text.analyser import Reading as TextReading
from survey.history import ImportedResponse
from survey.jobs import JobRecord
from survey.models import Exclusion

NOT_WORK = (Exclusion.SPAM, Exclusion.INTERNAL)
READ_AT_ONCE = 200
DECIDES = "decision-maker"


@dataclass(frozen=True)
class Past:
    """One client's jobs and responses, each in time order, and the people with the moment they were first seen."""

    ref: str
    name: str
    jobs: tuple[JobDone, ...]
    responses: tuple[Response, ...]
    people: tuple[tuple[datetime, Person], ...]

    def known_at(self, moment: datetime, asked_from: datetime | None, asked_to: datetime | None) -> Evidence:
        """What was known at `moment`: made of nothing later. The two moments bound when the firm was asking."""
        jobs = self.jobs[: bisect_right(self.jobs, moment, key=lambda job: job.completed_at)]
        responses = self.responses[: bisect_right(self.responses, moment, key=lambda response: response.at)]
        asks: list[Ask] = []
        if asked_from is not None and asked_to is not None:
            asks = imported_asks(jobs, {r.job_id: r.at for r in responses}, asked_from - SETTLES, asked_to)
        people = tuple(person for seen, person in self.people if seen <= moment)
        return Evidence(jobs=jobs, asks=tuple(asks), responses=responses, people=people)


@dataclass(frozen=True)
class History:
    """All clients by reference, and how many responses named a job that is not there."""

    clients: tuple[Past, ...]
    unmatched: int

    @property
    def first(self) -> datetime:
        return min(past.jobs[0].completed_at for past in self.clients)

    @property
    def last(self) -> datetime:
        return max(past.jobs[-1].completed_at for past in self.clients)


def gather(
    jobs: Sequence[JobRecord],
    responses: Sequence[ImportedResponse],
    analyser: TextAnalyser,
    advance: Callable[[int], None] = lambda _done: None,
) -> History:
    """The history of these records, its comments read by `analyser`; `advance` is told how many comments were read.

    The order of the records does not matter. A job without a moment of completion, and spam, are left out; of several
    rows for one job the latest completion counts. A response before its job's completion is dated by itself.
    """
    done = _finished(jobs)
    numbers = {key: number for number, key in enumerate(sorted(done), start=1)}
    emails = {email: number for number, email in enumerate(sorted({job.contact_email for job in done.values()}), 1)}
    ordered = sorted(responses, key=lambda r: (r.submitted_at, r.source, r.external_id))
    told = {(r.source, r.external_id): r for r in ordered}
    matched = {key: response for key, response in told.items() if key in done}
    readings = _read(list(matched.items()), numbers, analyser, advance)
    by_client: dict[str, list[tuple[str, str]]] = {}
    for key in done:
        by_client.setdefault(_ref(done[key]), []).append(key)
    clients = [
        _past(ref, sorted(keys), done, matched, numbers, emails, readings) for ref, keys in sorted(by_client.items())
    ]
    return History(tuple(clients), len(told) - len(matched))


def _finished(jobs: Sequence[JobRecord]) -> dict[tuple[str, str], JobRecord]:
    done: dict[tuple[str, str], JobRecord] = {}
    for job in jobs:
        if job.completed_at is None or job.exclusion in NOT_WORK:
            continue
        known = done.get((job.source, job.external_id))
        if known is None or known.completed_at is None or known.completed_at < job.completed_at:
            done[job.source, job.external_id] = job
    return done


def _ref(job: JobRecord) -> str:
    return job.client_ref or job.client


def _past(
    ref: str,
    keys: Sequence[tuple[str, str]],
    done: dict[tuple[str, str], JobRecord],
    told: dict[tuple[str, str], ImportedResponse],
    numbers: dict[tuple[str, str], int],
    emails: dict[str, int],
    readings: dict[int, Reading],
) -> Past:
    jobs, responses = [], []
    people: dict[int, tuple[datetime, Person]] = {}
    for key in keys:
        record, number = done[key], numbers[key]
        assert record.completed_at is not None
        contact = emails[record.contact_email]
        jobs.append(
            JobDone(
                id=number,
                contact_id=contact,
                completed_at=record.completed_at,
                name=record.summary or record.kind,
                promised_at=record.promised_at,
                value=float(record.value or 0),
                kind=record.kind,
                staff=record.staff,
            )
        )
        known = people.get(contact)
        if known is None or record.completed_at < known[0]:
            decides = record.contact_role == DECIDES
            person = Person(contact, record.contact_name, decides=decides, since=record.completed_at)
            people[contact] = record.completed_at, person
        answer = told.get(key)
        if answer is not None:
            given = {"csat": answer.csat, "nps": answer.nps, "ces": answer.ces}
            rated = {question: value for question, value in given.items() if value is not None}
            responses.append(Response(number, number, contact, answer.submitted_at, rated, {}, readings.get(number)))
    return Past(
        ref=ref,
        name=done[keys[0]].client,
        jobs=tuple(sorted(jobs, key=lambda job: (job.completed_at, job.id))),
        responses=tuple(sorted(responses, key=lambda response: (response.at, response.id))),
        people=tuple(sorted(people.values(), key=lambda item: (item[0], item[1].id))),
    )


def _read(
    told: Sequence[tuple[tuple[str, str], ImportedResponse]],
    numbers: dict[tuple[str, str], int],
    analyser: TextAnalyser,
    advance: Callable[[int], None],
) -> dict[int, Reading]:
    """The readings of the comments by job number. The same comment with the same rating is read once."""
    said = [(numbers[key], r.comment, float(r.csat) if r.csat else None) for key, r in told if r.comment.strip()]
    distinct = list(dict.fromkeys((text, rating) for _, text, rating in said))
    found: dict[tuple[str, float | None], TextReading] = {}
    for start in range(0, len(distinct), READ_AT_ONCE):
        batch = distinct[start : start + READ_AT_ONCE]
        read = analyser.analyse([Comment(text, rating=rating) for text, rating in batch])
        found |= dict(zip(batch, read, strict=True))
        advance(len(batch))
    return {number: _as_evidence(found[text, rating], number) for number, text, rating in said}


def _as_evidence(reading: TextReading, number: int) -> Reading:
    return Reading(
        answer_id=number,
        text=reading.text,
        sentiment=reading.sentiment,
        score=reading.score,
        aspects=tuple((a.aspect, a.sentiment, a.start, a.end) for a in reading.aspects),
        intents=dict(reading.intents),
        evidence=tuple((span.start, span.end, span.weight) for span in reading.evidence),
        severity=reading.severity,
        abstained=reading.abstained,
        language=reading.language,
    )


def comment_count(responses: Sequence[ImportedResponse]) -> int:
    """How many comments there are to read, at most."""
    return len({(r.comment, r.csat) for r in responses if r.comment.strip()})


def mondays(first: datetime, last: datetime) -> list[datetime]:
    """The Mondays, 00:00 UTC, after `first` and not after `last`."""
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    start += timedelta(days=7 - start.weekday())
    return (
        [start + timedelta(weeks=n) for n in range((last - start) // timedelta(weeks=1) + 1)] if last >= start else []
    )
