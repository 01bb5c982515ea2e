"""The results page, put together: the period, the questions' cards, the comments beside them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from survey.asking.schedule import zone_for
from survey.errors import NotFoundError
from survey.firms import get_firm
from survey.kinds import load_kinds
from survey.promise import promise_steps
from survey.results.charts import Chart, over_time
from survey.results.clicks import unconfirmed_rows
from survey.results.confidential import Kept, confidential
from survey.results.counting import Row
from survey.results.figures import Card, cards
from survey.results.periods import ALL_THE_TIME, OWN_DATES, Period, period
from survey.results.queries import Asking, Comment, Counts, Wanted, comments, count
from survey.results.questions import Asked, merged
from survey.results.scope import earliest_day, load_scope

BESIDE = 12  # comments beside the figures
ON_A_PAGE = 50  # texts on a question's own page
OF_A_TEXT = 5  # texts in a text question's card


@dataclass(frozen=True)
class Results:
    """Everything the page shows. `locked`: questions whose answers this reader may not see."""

    asking: Asking
    n: int
    n_before: int
    cards: tuple[Card, ...]
    locked: tuple[Asked, ...]
    comments: tuple[Comment, ...]
    texts: Mapping[str, Sequence[Comment]]  # text question → its latest
    kept: tuple[Kept, ...]

    @property
    def period(self) -> Period:
        return self.asking.period

    def chart(self, card: Card) -> Chart | None:
        return chart_of(self.asking, card)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the address asks for, as text; what means nothing is as if it were left out."""

    questionnaire: str = ""
    version: str = ""
    span: str = ""
    since: date | None = None
    until: date | None = None
    wanted: Wanted = field(default_factory=Wanted)


def ask(session: Session, choice: Choice, now: datetime, *, managers: bool) -> Asking:
    """What to count, in the firm's time."""
    zone = zone_for(get_firm(session).timezone)
    scope = load_scope(session, choice.questionnaire, choice.version)
    open_start = choice.span == ALL_THE_TIME or (choice.span == OWN_DATES and choice.since is None)
    earliest = earliest_day(session, scope, zone) if open_start else None
    days = period(choice.span, choice.since, choice.until, now.astimezone(zone).date(), earliest)
    wanted = choice.wanted if managers else replace(choice.wanted, staff="")
    kinds = load_kinds(session)
    if wanted.kind:
        wanted = replace(wanted, kind=kinds.named(wanted.kind), spellings=tuple(kinds.spellings(wanted.kind)))
    return Asking(scope, wanted, days, zone, managers, tuple(kinds.names.values()))


@dataclass(frozen=True)
class Figures:
    """The cards, the questions that this reader may not see, and how many responded."""

    cards: list[Card]
    locked: list[Asked]
    counts: Counts


def figures(session: Session, asking: Asking, now: datetime) -> Figures:
    """The figures of a page, from one pass over the responses."""
    asked = merged(asking.scope.versions, shared_only=asking.scope.is_every)
    locked = [] if asking.managers else [one for one in asked if one.managers_only]
    open_to_all = [one for one in asked if one not in locked]
    clicks = unconfirmed_rows(session, asking, now)
    steps = {step.key: step.text for step in promise_steps(get_firm(session).promise)}
    counts = count(session, asking)
    made = cards(open_to_all, [*counts.rows, *clicks], asking.scope.versions, len(asking.period.parts), steps)
    return Figures(_marked(made, clicks), locked, counts)


def _marked(made: Iterable[Card], clicks: Iterable[Row]) -> list[Card]:
    unconfirmed: Counter[str] = Counter()
    for row in clicks:
        if row.part >= 0:
            unconfirmed[row.question] += row.count
    return [replace(card, unconfirmed=unconfirmed[card.asked.key]) for card in made]


def load_results(session: Session, asking: Asking, now: datetime) -> Results:
    """The whole page."""
    found = figures(session, asking, now)
    firm = get_firm(session)
    today = now.astimezone(asking.zone).date()
    texts = [card for card in found.cards if card.asked.is_text and card.n]
    return Results(
        asking=asking,
        n=found.counts.n,
        n_before=found.counts.n_before,
        cards=tuple(found.cards),
        locked=tuple(found.locked),
        comments=tuple(comments(session, asking, BESIDE)),
        texts={card.asked.key: comments(session, asking, OF_A_TEXT, key=card.asked.key) for card in texts},
        kept=tuple(confidential(session, asking.scope, today, firm.expire_after_days)),
    )


@dataclass(frozen=True)
class One:
    """One question's page: its card, and what was written by those who answered it, or who gave one answer."""

    asking: Asking
    card: Card
    chart: Chart | None
    giving: str  # the answer asked for, in words; "" for any
    comments: tuple[Comment, ...]

    @property
    def is_cut(self) -> bool:
        """Whether there may be more comments than these."""
        return len(self.comments) == ON_A_PAGE


def load_question(
    session: Session, asking: Asking, key: str, giving: tuple[str, int, int] | None, now: datetime
) -> One:
    """One question's page.

    Raises:
        NotFoundError: it is not asked, or this reader may not see its answers.
    """
    card = next((card for card in figures(session, asking, now).cards if card.asked.key == key), None)
    if card is None:
        raise NotFoundError("There is no such question.")
    said = next((bar.label for bar in card.bars if bar.giving == giving), "") if giving else ""
    told = None if card.asked.is_text or said else card.asked.type
    written = comments(session, asking, ON_A_PAGE, key="" if said else key, giving=giving if said else None, told=told)
    return One(asking, card, chart_of(asking, card), said, tuple(written))


def chart_of(asking: Asking, card: Card) -> Chart | None:
    """The chart of a question with one figure."""
    scale = card.asked.question.scale if card.asked.question.is_scale else (0, 1)
    return over_time(card.main.parts, asking.period.parts, scale) if card.main else None
