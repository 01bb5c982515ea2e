"""Answers, counted in one pass, and what was written beside them. How fast: `docs/results.md`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, contains_eager

from survey.distinct import distinct_words
from survey.models import (
    Answer,
    Client,
    Job,
    Resolution,
    ResolutionStaff,
    ResponseOrigin,
    SurveyResponse,
)
from survey.questionnaires.document import QuestionType
from survey.results.counting import BEFORE, STEP, Row
from survey.results.periods import Period, midnight
from survey.results.scope import Scope
from survey.tallies import ANY_STEP, SEPARATOR, Tallied, counted

LATE_ROWS = 1_000  # that may be committed after others with a higher id
_seen: WeakKeyDictionary[Engine, tuple[int, frozenset[str]]] = WeakKeyDictionary()  # up to which id, which languages


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whose answers to count; every empty field means "all"."""

    kind: str = ""  # of job
    spellings: tuple[str, ...] = ()  # how jobs write the kind
    staff: str = ""  # who did the job; for managers
    language: str = ""
    client: str = ""  # a part of the name
    origin: str = ""  # a value of ResponseOrigin


@dataclass(frozen=True)
class Asking:
    """Everything that a count depends on. `managers`: count what is for managers only, too. `kinds`: of job, to choose
    from."""

    scope: Scope
    wanted: Wanted
    period: Period
    zone: tzinfo
    managers: bool
    kinds: tuple[str, ...]

    def moments(self) -> tuple[datetime, datetime, datetime]:
        """When the time before begins, when the period begins, and when it is over."""
        edges = self.period.edges(self.zone)
        before = midnight(self.period.before[0], self.zone) if self.period.before else edges[0]
        return before, edges[0], edges[-1]


def responses(asking: Asking) -> Select[Any]:
    """SELECT of the ids of the responses of the period, to be filtered or counted further."""
    _before, start, end = asking.moments()
    return _within(asking, start, end)


def _within(asking: Asking, start: datetime, end: datetime) -> Select[Any]:
    found = (
        select(SurveyResponse.id)
        .select_from(SurveyResponse)
        .where(SurveyResponse.submitted_at >= start, SurveyResponse.submitted_at < end, asking.scope.condition())
    )
    return _narrowed(found, asking.wanted)


def is_named(client_id: InstrumentedAttribute[int], part: str) -> ColumnElement[bool]:
    """Whether the client has this in their name: names are looked at once, not for each answer. The sum keeps SQLite
    from going through the clients' index, once for each part of the period, where many clients have it."""
    return (client_id + 0).in_(select(Client.id).where(Client.name.icontains(part, autoescape=True)))


def _narrowed(found: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.kind:
        found = found.join(Resolution, Resolution.id == SurveyResponse.resolution_id)
        found = found.join(Job, and_(Job.id == Resolution.job_id, Job.kind.in_(wanted.spellings)))
    if wanted.staff:
        by = and_(ResolutionStaff.resolution_id == SurveyResponse.resolution_id, ResolutionStaff.name == wanted.staff)
        found = found.join(ResolutionStaff, by)
    if wanted.client:
        found = found.where(is_named(SurveyResponse.client_id, wanted.client))
    if wanted.language:
        found = found.where(SurveyResponse.language == wanted.language)
    if wanted.origin:
        found = found.where(SurveyResponse.origin == ResponseOrigin(wanted.origin))
    return found


@dataclass(frozen=True)
class Counts:
    """Everything counted in one pass: rows for the cards, how many responded in the period and in the time before."""

    rows: list[Row]
    n: int
    n_before: int


def count(session: Session, asking: Asking) -> Counts:
    """How often each number was given to each question, by version and part of the period.

    What a response adds stands beside it (`survey.tallies`), so one SELECT for each part reads the responses alone; a
    column for each version, since to group by it would sort all lines first.
    """
    edges = asking.period.edges(asking.zone)
    before = asking.moments()[0]
    parts = [(BEFORE, before, edges[0])] if before < edges[0] else []
    parts += [(number, *ends) for number, ends in enumerate(pairwise(edges))]
    versions = [version.id for version in asking.scope.versions]
    lines = func.aggregate_strings(SurveyResponse.tally, SEPARATOR)
    columns = [lines.filter(SurveyResponse.version_id.is_not_distinct_from(version)) for version in versions]
    found, people = [], {}
    for part, start, end in parts:
        counting = _within(asking, start, end).with_only_columns(func.count(), *columns)
        people[part], *tallies = session.execute(counting).one()
        for version, together in zip(versions, tallies, strict=True):
            given = counted(together or "")
            seen = [(tallied, n) for tallied, n in given.items() if asking.managers or not tallied.managers_only]
            found += [_row(tallied, version, part, n) for tallied, n in seen]
    n_before = people.pop(BEFORE, 0)
    return Counts(found, sum(people.values()), n_before)


def _row(tallied: Tallied, version: int | None, part: int, n: int) -> Row:
    if tallied.is_any:
        question = QuestionType.PROMISE.value if tallied.is_step else tallied.key
        return Row(question, version, part, None, n)
    return Row(STEP + tallied.name if tallied.is_step else tallied.name, version, part, tallied.number, n)


def _may_see(asking: Asking) -> list[ColumnElement[bool]]:
    return [] if asking.managers else [Answer.managers_only.is_(False)]


@dataclass(frozen=True)
class Comment:
    """What one client wrote, with the numbers they gave beside it."""

    answer: Answer
    client: Client
    numbers: dict[str, int]

    @property
    def response(self) -> SurveyResponse:
        return self.answer.response


def comments(
    session: Session,
    asking: Asking,
    limit: int,
    *,
    key: str = "",
    giving: tuple[str, int, int] | None = None,
    told: QuestionType | None = None,
) -> list[Comment]:
    """The latest texts, to the question `key` or to any; `giving`: of those alone who answered (question, from, to).

    `told`: of those alone who answered the question `key`, which is of this type, with anything.
    """
    found = (
        responses(asking)
        .with_only_columns(Answer.id)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(Answer.text.is_not(None), Answer.text != "", *_may_see(asking))
        .order_by(SurveyResponse.submitted_at.desc(), Answer.id.desc())
        .limit(limit)
    )
    if told:
        found = found.where(_told(asking, key, told))
    elif key:
        found = found.where(or_(Answer.question == key, Answer.question.startswith(f"{key}.", autoescape=True)))
    if giving:
        found = found.where(_gave(asking, *giving))
    return _comments(session, asking, session.scalars(found).all())


def _gave(asking: Asking, question: str, low: int, high: int) -> ColumnElement[bool]:
    given = aliased(Answer)
    return _has(asking, given, given.question == question, given.number.between(low, high))


def _told(asking: Asking, key: str, kind: QuestionType) -> ColumnElement[bool]:
    """Whether a response has an answer to this question, whatever it is."""
    if kind is QuestionType.PROMISE:
        return SurveyResponse.tally.contains(ANY_STEP, autoescape=True)
    given = aliased(Answer)
    if kind is QuestionType.CHOICES:
        return _has(asking, given, given.question.startswith(f"{key}.", autoescape=True), given.number.is_not(None))
    return _has(asking, given, given.question == key, given.number.is_not(None))


def _has(asking: Asking, given: type[Answer], *that: ColumnElement[bool]) -> ColumnElement[bool]:
    visible = [] if asking.managers else [given.managers_only.is_(False)]
    return select(given.id).where(given.response_id == SurveyResponse.id, *that, *visible).exists()


def _comments(session: Session, asking: Asking, ids: Sequence[int]) -> list[Comment]:
    rows = session.execute(
        select(Answer, Client)
        .join(Answer.response)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(Answer.id.in_(ids))
        .options(contains_eager(Answer.response))
    )
    by_id = {answer.id: (answer, client) for answer, client in rows}
    numbers = _numbers(session, asking, [answer.response_id for answer, _client in by_id.values()])
    return [
        Comment(answer, client, numbers.get(answer.response_id, {}))
        for answer, client in (by_id[answer_id] for answer_id in ids)
    ]


def _numbers(session: Session, asking: Asking, response_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    given = select(Answer.response_id, Answer.question, Answer.number).where(
        Answer.response_id.in_(response_ids), Answer.number.is_not(None), *_may_see(asking)
    )
    for response_id, question, number in session.execute(given):
        found.setdefault(response_id, {})[question] = number or 0
    return found


def languages(session: Session) -> list[str]:
    """Every language in which somebody answered: those this process saw before, and those of the rows since."""
    engine = session.get_bind().engine
    last, known = _seen.get(engine, (0, frozenset()))
    newest = session.scalar(select(func.max(SurveyResponse.id))) or 0
    since = SurveyResponse.id > min(last, newest) - LATE_ROWS
    found = select(SurveyResponse.language).where(SurveyResponse.language != "", since).distinct()
    _seen[engine] = newest, known | set(session.scalars(found))
    return sorted(_seen[engine][1])


def staff_names(session: Session) -> list[str]:
    """Everybody who did a job, in the order of the alphabet."""
    return distinct_words(session, ResolutionStaff.name)
