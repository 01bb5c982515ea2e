"""Answers, counted in the database: one pass for the scales and choices, and one for each other kind of question.

A hundred thousand answers are counted in about a second (`docs/results.md`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from survey.models import (
    Answer,
    Client,
    Job,
    Resolution,
    ResolutionStaff,
    ResponseOrigin,
    SurveyResponse,
    Touchpoint,
)
from survey.questionnaires.document import QuestionType
from survey.results.figures import BEFORE, STEP, Row
from survey.results.periods import Period, midnight
from survey.results.questions import Asked
from survey.results.scope import Scope

_MOST_OPTIONS = 100


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whose answers to count; every empty field means "all"."""

    kind: str = ""  # of job
    staff: str = ""  # who did the job; for managers
    language: str = ""
    client: str = ""  # a part of the name
    origin: str = ""  # a value of ResponseOrigin


@dataclass(frozen=True)
class Asking:
    """Everything that a count depends on. `managers`: count what is for managers only, too."""

    scope: Scope
    wanted: Wanted
    period: Period
    zone: tzinfo
    managers: bool

    def moments(self) -> tuple[datetime, datetime, datetime]:
        """When the time before begins, when the period begins, and when it is over."""
        edges = self.period.edges(self.zone)
        before = midnight(self.period.before[0], self.zone) if self.period.before else edges[0]
        return before, edges[0], edges[-1]


def responses(asking: Asking, *, with_before: bool = False) -> Select[Any]:
    """SELECT of the ids of the responses that count, to be filtered or counted further."""
    before, start, end = asking.moments()
    found = (
        select(SurveyResponse.id)
        .select_from(SurveyResponse)
        .where(
            SurveyResponse.submitted_at >= (before if with_before else start),
            SurveyResponse.submitted_at < end,
            asking.scope.condition(),
        )
    )
    return _narrowed(found, asking.wanted)


def _narrowed(found: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.kind:
        found = found.join(Resolution, Resolution.id == SurveyResponse.resolution_id)
        found = found.join(Job, and_(Job.id == Resolution.job_id, Job.kind == wanted.kind))
    if wanted.staff:
        by = and_(ResolutionStaff.resolution_id == SurveyResponse.resolution_id, ResolutionStaff.name == wanted.staff)
        found = found.join(ResolutionStaff, by)
    if wanted.client:
        named = Client.name.icontains(wanted.client, autoescape=True)
        found = found.join(Client, and_(Client.id == SurveyResponse.client_id, named))
    if wanted.language:
        found = found.where(SurveyResponse.language == wanted.language)
    if wanted.origin:
        found = found.where(SurveyResponse.origin == ResponseOrigin(wanted.origin))
    return found


def count_responses(session: Session, asking: Asking, *, before: bool = False) -> int:
    """How many responses the period has, or the time before it."""
    found = responses(asking, with_before=before)
    if before:
        found = found.where(SurveyResponse.submitted_at < asking.moments()[1])
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def rows(session: Session, asking: Asking, asked: Sequence[Asked]) -> list[Row]:
    """How often each number was given to each question, by version and part of the period."""
    chosen = _with_part(asking)
    found = list(_answers(session, asking, chosen))
    for one in asked:
        if one.type is QuestionType.CHOICES:
            found += _people_ticking(session, asking, chosen, one)
    if any(one.type is QuestionType.PROMISE for one in asked):
        found += _steps(session, chosen)
    return found


def _with_part(asking: Asking) -> Subquery:
    edges = asking.period.edges(asking.zone)
    at = SurveyResponse.submitted_at
    part: ColumnElement[int] = case(
        (at < edges[0], literal(BEFORE)),
        *((at < end, literal(number)) for number, end in enumerate(edges[1:-1])),
        else_=literal(len(edges) - 2),
    )
    found = responses(asking, with_before=True)
    return found.add_columns(SurveyResponse.version_id.label("version"), part.label("part")).subquery("chosen")


def _may_see(asking: Asking) -> list[ColumnElement[bool]]:
    return [] if asking.managers else [Answer.managers_only.is_(False)]


def _answers(session: Session, asking: Asking, chosen: Subquery) -> Iterator[Row]:
    counted = (
        select(Answer.question, chosen.c.version, chosen.c.part, Answer.number, func.count())
        .select_from(chosen)
        .join(Answer, Answer.response_id == chosen.c.id)
        .where(*_may_see(asking))
        .group_by(Answer.question, chosen.c.version, chosen.c.part, Answer.number)
    )
    for question, version, part, number, count in session.execute(counted):
        yield Row(question, version, part, number, count)


def _people_ticking(session: Session, asking: Asking, chosen: Subquery, asked: Asked) -> Iterator[Row]:
    """How many ticked anything at all of a question with several answers."""
    names = [f"{asked.key}.{value}" for value in asked.options][:_MOST_OPTIONS]
    counted = (
        select(chosen.c.version, chosen.c.part, func.count(Answer.response_id.distinct()))
        .select_from(chosen)
        .join(Answer, and_(Answer.response_id == chosen.c.id, Answer.question.in_(names)))
        .where(*_may_see(asking))
        .group_by(chosen.c.version, chosen.c.part)
    )
    for version, part, count in session.execute(counted):
        yield Row(asked.key, version, part, None, count)


def _steps(session: Session, chosen: Subquery) -> Iterator[Row]:
    """The steps of the promise; as many answered it as the step that most answered. They stand on one page."""
    counted = (
        select(Touchpoint.step, chosen.c.version, chosen.c.part, Touchpoint.value, func.count())
        .select_from(chosen)
        .join(Touchpoint, Touchpoint.response_id == chosen.c.id)
        .group_by(Touchpoint.step, chosen.c.version, chosen.c.part, Touchpoint.value)
    )
    people: dict[tuple[int | None, int], Counter[str]] = {}
    for step, version, part, value, count in session.execute(counted):
        yield Row(STEP + step, version, part, value, count)
        people.setdefault((version, part), Counter())[step] += count
    for (version, part), by_step in people.items():
        yield Row(QuestionType.PROMISE.value, version, part, None, max(by_step.values()))


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
    session: Session, asking: Asking, limit: int, *, key: str = "", giving: tuple[str, int, int] | None = None
) -> list[Comment]:
    """The latest texts, to the question `key` or to any; `giving`: of those alone who answered (question, from, to)."""
    found = (
        responses(asking)
        .with_only_columns(Answer.id)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(Answer.text.is_not(None), Answer.text != "", *_may_see(asking))
        .order_by(SurveyResponse.submitted_at.desc(), Answer.id.desc())
        .limit(limit)
    )
    if key:
        found = found.where(or_(Answer.question == key, Answer.question.startswith(f"{key}.", autoescape=True)))
    if giving:
        found = found.where(_gave(asking, *giving))
    return _comments(session, asking, session.scalars(found).all())


def _gave(asking: Asking, question: str, low: int, high: int) -> ColumnElement[bool]:
    given = aliased(Answer)
    visible = [] if asking.managers else [given.managers_only.is_(False)]
    is_that = (given.question == question, given.number.between(low, high))
    return select(given.id).where(given.response_id == SurveyResponse.id, *is_that, *visible).exists()


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
    """Every language in which somebody answered."""
    found = select(SurveyResponse.language).where(SurveyResponse.language != "").distinct()
    return sorted(session.scalars(found))


def staff_names(session: Session) -> list[str]:
    """Everybody who did a job, in the order of the alphabet."""
    return list(session.scalars(select(ResolutionStaff.name).distinct().order_by(ResolutionStaff.name)))
