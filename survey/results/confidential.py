"""Confidential answers, shown so that nobody can be found in them. The grouping is pure; one query loads the rows.

Only whole versions and whole quarters are shown, never filtered, and a quarter only when nothing in it can change any
more: what is seen today and what is seen tomorrow never differ by one person. Quarters with fewer than LEAST answers,
or with answers that fewer than LEAST people may have given, are put together with those that follow, in an order that
later answers do not change; what does not reach LEAST stays hidden.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.models import ConfidentialAnswer, HeldAnswer, HeldWhy, Invitation, SurveyResponse
from survey.questionnaires.document import Confidentiality, Question, QuestionType
from survey.responses import OPEN_STATES
from survey.results import estimates
from survey.results.counting import LEAST, Figure, figure_of
from survey.results.figures import Bar, label_of
from survey.results.periods import midnight, months_later, quarter_name, quarter_of
from survey.results.questions import Asked, Version
from survey.results.scope import Scope

LONGEST_OPEN_DAYS = 30  # after which no answer of a quarter can change, unless surveys are open even longer


@dataclass(frozen=True)
class Group:
    """The answers of some quarters together. `texts` in the order of the alphabet: their own order would tell when."""

    label: str
    n: int
    figure: Figure | None
    bars: tuple[Bar, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Kept:
    """One confidential question of one version. `hidden`: whether there are quarters not shown (yet)."""

    asked: Asked
    version: Version
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Window:
    """From when to when one contact may have answered in one survey: from the first answer in it until it closed."""

    contact_id: int
    first: date  # quarters
    last: date


def fewest(answers: int, surveys: Iterable[Window], quarters: Collection[date]) -> int:
    """The least number of people who can have given so many answers to one question in these quarters. Who answered is
    not known, so it is as if those with the most surveys had; a survey has one answer."""
    found = Counter(one.contact_id for one in surveys if any(one.first <= day <= one.last for day in quarters))
    people = 0
    for _contact, most in found.most_common():
        if answers <= 0:
            break
        answers, people = answers - most, people + 1
    return people


def together(
    counts: Sequence[tuple[date, int]], surveys: Sequence[Window], least: int = LEAST
) -> list[tuple[tuple[date, ...], int]]:
    """Quarters (first day, answers), oldest first, as groups of at least `least` answers by as many people. A group
    never changes by quarters that come after it; quarters at the end that do not reach `least` are in none.
    """
    found: list[tuple[tuple[date, ...], int]] = []
    waiting: list[date] = []
    n = 0
    for quarter, count in counts:
        waiting, n = [*waiting, quarter], n + count
        if n >= least and fewest(n, surveys, waiting) >= least:
            found.append((tuple(waiting), n))
            waiting, n = [], 0
    return found


def over_by(quarter: date, today: date, open_days: int) -> bool:
    """Whether nothing answered in a quarter can change any more, where a survey is open for `open_days`."""
    return today >= months_later(quarter, 3) + timedelta(days=max(open_days, LONGEST_OPEN_DAYS))


def confidential(session: Session, scope: Scope, today: date, open_days: int) -> list[Kept]:
    """Every confidential question of these versions, the newest version first."""
    asking = [
        (version, question)
        for version in reversed(scope.versions)
        for question in version.document.questions
        if version.id is not None and question.confidentiality is Confidentiality.CONFIDENTIAL
    ]
    ids = {version.id for version, _question in asking if version.id}
    rows = _rows(session, ids, today, _may_change_from(session, ids, today), open_days) if ids else {}
    surveys = _surveys(session, {version_id for version_id, _key in rows})
    return [
        _kept(version, question, rows.get((version.id or 0, question.key), {}), surveys.get(version.id or 0, []))
        for version, question in asking
    ]


Rows = Mapping[date, list[tuple[str, int | None, str | None]]]  # quarter → (name, number, text)


def _may_change_from(session: Session, version_ids: set[int], today: date) -> date:
    """When the oldest survey was sent that still takes answers: how long each is open was settled at its sending."""
    still_open = (
        Invitation.version_id.in_(version_ids),
        Invitation.state.in_(OPEN_STATES),
        Invitation.expires_at > midnight(today, UTC),
    )
    first = session.scalar(select(func.min(Invitation.sent_at)).where(*still_open))
    return min(first.date(), today) if first else today


def _surveys(session: Session, version_ids: set[int]) -> dict[int, list[Window]]:
    """Version → every survey with it that somebody has answered. Setting an answer aside changes nothing here, or what
    was shown before and after it would differ."""
    found: dict[int, list[Window]] = defaultdict(list)
    if not version_ids:
        return found
    began: dict[int, datetime] = {}
    links: dict[int, tuple[int, int, datetime]] = {}
    asked = Invitation.id, Invitation.version_id, Invitation.contact_id, Invitation.expires_at
    answers = (
        select(*asked, SurveyResponse.submitted_at).join(SurveyResponse, SurveyResponse.invitation_id == Invitation.id),
        select(*asked, HeldAnswer.at)
        .join(HeldAnswer, HeldAnswer.invitation_id == Invitation.id)
        .where(HeldAnswer.why != HeldWhy.PRESSED),
    )
    for statement in answers:
        for number, version_id, contact_id, until, at in session.execute(
            statement.where(Invitation.version_id.in_(version_ids))
        ):
            links[number] = version_id or 0, contact_id, until
            began[number] = min(at, began.get(number, at))
    for number, (version_id, contact_id, until) in links.items():
        found[version_id].append(Window(contact_id, _quarter(began[number]), _quarter(max(began[number], until))))
    return found


def _quarter(moment: datetime) -> date:
    """As the answers' months are kept."""
    return quarter_of(moment.astimezone(UTC).date())


def _rows(
    session: Session, version_ids: set[int], today: date, may_change_from: date, open_days: int
) -> dict[tuple[int, str], Rows]:
    found: dict[tuple[int, str], dict[date, list[tuple[str, int | None, str | None]]]] = defaultdict(dict)
    columns = ConfidentialAnswer.version_id, ConfidentialAnswer.question, ConfidentialAnswer.month
    loaded = session.execute(
        select(*columns, ConfidentialAnswer.number, ConfidentialAnswer.text).where(
            ConfidentialAnswer.version_id.in_(version_ids)
        )
    )
    for version_id, name, month, number, text in loaded:
        quarter = quarter_of(date.fromisoformat(f"{month}-01"))
        if over_by(quarter, today, open_days) and months_later(quarter, 3) <= may_change_from:
            of_question = found[version_id, name.partition(".")[0]]
            of_question.setdefault(quarter, []).append((name, number, text))
    return dict(found)


def _kept(version: Version, question: Question, rows: Rows, surveys: Sequence[Window]) -> Kept:
    asked = Asked(question, (version,), version.document.language, True)
    counts = [(quarter, _people(asked, rows[quarter])) for quarter in sorted(rows)]
    groups = tuple(
        _group(asked, quarters, n, [row for quarter in quarters for row in rows[quarter]], surveys)
        for quarters, n in together(counts, surveys)
    )
    return Kept(asked, version, groups)


def _people(asked: Asked, rows: Sequence[tuple[str, int | None, str | None]]) -> int:
    """How many people answered, at least: who ticked several options cannot be told from several people."""
    if asked.type is QuestionType.CHOICES:
        return max(Counter(name for name, _number, _text in rows).values(), default=0)
    return sum(1 for name, _number, _text in rows if name == asked.key)


def _group(
    asked: Asked,
    quarters: Sequence[date],
    n: int,
    rows: Sequence[tuple[str, int | None, str | None]],
    surveys: Sequence[Window],
) -> Group:
    numbers = Counter(number for name, number, _text in rows if name == asked.key and number is not None)
    words = sorted((text for _name, _number, text in rows if text), key=str.casefold)
    first, last = quarter_name(quarters[0]), quarter_name(quarters[-1])
    return Group(
        label=first if first == last else f"{first} to {last}",
        n=n,
        figure=None if asked.is_text or asked.is_choosing else figure_of(asked, numbers),
        bars=_bars(asked, numbers, Counter(name for name, _number, _text in rows), n),
        texts=tuple(words) if min(len(words), fewest(len(words), surveys, quarters)) >= LEAST else (),
    )


def _bars(asked: Asked, numbers: Mapping[int, int], ticked: Mapping[str, int], n: int) -> tuple[Bar, ...]:
    if asked.is_text:
        return ()
    if asked.type is QuestionType.CHOICES:  # of how many people is not known, so there is no share
        return tuple(Bar(text, ticked.get(f"{asked.key}.{value}", 0), None) for value, text in asked.options.items())
    low, high = (1, 0) if asked.is_choosing else asked.question.scale
    values = list(asked.options) if asked.is_choosing else list(range(high, low - 1, -1))
    return tuple(
        Bar(label_of(asked, value), numbers.get(value, 0), estimates.share(numbers.get(value, 0), n))
        for value in values
    )
