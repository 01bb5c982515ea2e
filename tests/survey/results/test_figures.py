"""Periods, merged versions, cards and groups of confidential answers: pure, so tested without a database."""

from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.questionnaires.document import Document, read_document
from survey.results.charts import BOTTOM, TOP, over_time
from survey.results.confidential import Window, fewest, over_by, together
from survey.results.counting import BEFORE, LEAST, STEP, Figure, Row, Unit
from survey.results.estimates import Estimate
from survey.results.figures import Card, cards
from survey.results.periods import OWN_DATES, Part, months_later, period, quarter_of
from survey.results.questions import Asked, Version, merged, page_groups

TODAY = date(2026, 3, 10)
days = st.dates(date(1990, 1, 1), TODAY)


def asks(key: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "type": kind, "text": {"en": f"{key}?"}, **more}


def version(number: int, *questions: dict[str, Any], questionnaire: int = 1) -> Version:
    document: Document = read_document(
        {"format": 1, "language": "en", "questions": [asks("csat", "rating"), *questions]}
    )
    return Version(number * 10, questionnaire, "After a job", number, document)


def options(*texts: str) -> list[dict[str, Any]]:
    return [{"value": value, "text": {"en": text}} for value, text in enumerate(texts, start=1)]


def card_of(found: list[Card], key: str) -> Card:
    return next(card for card in found if card.asked.key == key)


@given(st.sampled_from(["1", "3", "12", "24", "all", OWN_DATES, "nonsense"]), st.none() | days, st.none() | days, days)
def test_a_period_is_whole_and_its_parts_follow_one_another(
    span: str, since: date | None, until: date | None, earliest: date
) -> None:
    """The parts begin with the period, end with it and leave no gap; the time before ends the day before it."""
    found = period(span, since, until, TODAY, earliest)
    assert found.parts[0].first == found.first
    assert found.parts[-1].last == found.last <= TODAY
    for former, later in zip(found.parts, found.parts[1:], strict=False):
        assert later.first == former.last + timedelta(days=1)
    if found.before:
        assert found.before[1] == found.first - timedelta(days=1)
        assert found.before[0] <= found.before[1]
    edges = found.edges(ZoneInfo("Europe/Berlin"))
    assert edges == sorted(edges)
    assert len(edges) == len(found.parts) + 1


def test_a_year_is_twelve_whole_months_and_the_year_before() -> None:
    """The usual period begins with a month, in the firm's own midnight, and is held against as many months."""
    found = period("12", None, None, TODAY, None)
    assert (found.first, found.last, len(found.parts)) == (date(2025, 4, 1), TODAY, 12)
    assert found.before == (date(2024, 4, 1), date(2025, 3, 31))
    assert found.parts[-1].name == "Mar 2026"
    assert found.edges(ZoneInfo("Europe/Berlin"))[0].astimezone(UTC).hour == 22  # summer time begins the day before
    assert period("all", None, None, TODAY, date(2019, 5, 3)).by == "quarter"


def test_versions_count_as_one_where_a_key_means_the_same() -> None:
    """The newest wording stands, older ones are told; a question of another type under the same key is another one."""
    old = version(1, asks("mood", "yes_no"), asks("gone", "yes_no"), asks("pick", "choice", options=options("A", "B")))
    new = version(2, asks("mood", "ces"), asks("pick", "choice", options=options("A", "B too", "C")))
    found = {(asked.key, asked.type.value): asked for asked in merged([old, new])}
    assert [key for key, _ in found][:3] == ["csat", "mood", "pick"]
    assert found["csat", "rating"].versions == (old, new)
    assert found["mood", "ces"].versions == (new,)
    assert found["mood", "yes_no"].versions == (old,)
    assert not found["gone", "yes_no"].still_asked
    assert found["pick", "choice"].options == {1: "A", 2: "B too", 3: "C"}
    made = cards(
        list(found.values()), [Row("mood", 10, 0, 1, 9), Row("mood", 20, 0, 1, 7)], [old, new], parts=1, steps={}
    )
    assert [card.n for card in made if card.asked.key == "mood"] == [7, 9]


def test_only_shared_keys_are_merged_over_questionnaires() -> None:
    """Two questionnaires may use one key for two things; those that the product knows mean the same in all."""
    first, second = version(1, asks("mine", "yes_no")), version(1, asks("mine", "yes_no"), questionnaire=2)
    assert {asked.key for asked in merged([first, second], shared_only=True)} == {"csat", "nps", "ces", "comment"}


def test_confidential_questions_have_no_card() -> None:
    """What is confidential is not among the questions that filters cut."""
    one = version(1, asks("fair", "agreement", confidentiality="confidential"))
    assert "fair" not in {asked.key for asked in merged([one])}


def rating_rows(counts: dict[tuple[int, int], int], version_id: int = 10) -> list[Row]:
    return [Row("csat", version_id, part, number, n) for (part, number), n in counts.items()]


@given(
    st.dictionaries(st.tuples(st.integers(-1, 2), st.integers(1, 5)), st.integers(0, 30)),
    st.randoms(use_true_random=False),
)
def test_cards_add_up_whatever_the_order(counts: dict[tuple[int, int], int], shuffled: Any) -> None:
    """Bars add up to the answers, months too; under five answers nothing is said; the order of rows changes nothing."""
    one = version(1)
    rows = rating_rows(counts)
    other = list(rows)
    shuffled.shuffle(other)
    [card] = [card for card in cards(merged([one]), rows, [one], 3, {}) if card.asked.key == "csat"]
    assert card == card_of(cards(merged([one]), other, [one], 3, {}), "csat")
    line = card.lines[0]
    assert card.n == sum(n for (part, _), n in counts.items() if part != BEFORE) == sum(one.n for one in line.parts)
    assert card.n_before == sum(n for (part, _), n in counts.items() if part == BEFORE)
    for figure in (line.figure, line.before, *line.parts):
        assert (figure.estimate is not None) == (figure.n >= LEAST)
    if card.n >= LEAST:
        assert sum(bar.count for bar in card.bars) == card.n
        assert sum(bar.share.value for bar in card.bars if bar.share) == pytest.approx(1)
        for bar in card.bars:
            assert bar.share is not None
            assert 0 <= bar.share.low <= bar.share.value <= bar.share.high <= 1
    else:
        assert card.bars == ()
        assert card.good is None


def test_a_clear_change_is_told_from_chance() -> None:
    """Two hundred better answers are a clear change; five against five are not."""
    one = version(1)
    [clear] = cards(merged([one])[:1], rating_rows({(0, 5): 150, (0, 3): 50, (-1, 5): 60, (-1, 3): 140}), [one], 1, {})
    [chance] = cards(merged([one])[:1], rating_rows({(0, 5): 3, (0, 4): 2, (-1, 4): 3, (-1, 5): 2}), [one], 1, {})
    [few] = cards(merged([one])[:1], rating_rows({(0, 5): 9, (-1, 4): 4}), [one], 1, {})
    assert clear.lines[0].is_clear
    assert chance.lines[0].change is not None
    assert not chance.lines[0].is_clear
    assert few.lines[0].change is None


def test_several_answers_share_those_who_ticked_anything() -> None:
    """Shares of a question with several answers are of the people who ticked, and may add up to more than one."""
    one = version(1, asks("heard", "choices", options=options("Speed", "Price")))
    rows = [Row("heard", 10, 0, None, 10), Row("heard.1", 10, 0, 1, 8), Row("heard.2", 10, 0, 1, 6)]
    card = card_of(cards(merged([one]), rows, [one], 1, {}), "heard")
    assert card.n == 10
    assert [(bar.label, bar.count, round(bar.share.value, 2)) for bar in card.bars if bar.share] == [
        ("Speed", 8, 0.8),
        ("Price", 6, 0.6),
    ]
    assert card.main is None


def test_steps_count_those_who_could_tell() -> None:
    """A step's share is of yes and no alone; a step that the promise no longer has still stands, by its key."""
    one = version(1, asks("promise", "promise"))
    rows = [
        Row("promise", 10, 0, None, 12),
        *(Row(f"{STEP}greeted", 10, 0, value, n) for value, n in ((1, 8), (-1, 2), (0, 2))),
        Row(f"{STEP}old_step", 10, 0, 1, 3),
    ]
    card = card_of(cards(merged([one]), rows, [one], 1, {"greeted": "We greeted you"}), "promise")
    greeted, old = card.lines
    assert (greeted.label, greeted.figure.n) == ("We greeted you", 10)
    assert greeted.figure.estimate is not None
    assert greeted.figure.estimate.value == pytest.approx(0.8)
    assert (old.label, old.figure.estimate) == ("Old step", None)


def test_scales_that_only_other_tools_answer_stand_where_they_have() -> None:
    """CES of an imported history has a card, though no version asks it; without answers it has none."""
    one = version(1)
    assert [card.asked.key for card in cards(merged([one]), [], [one], 1, {})] == ["csat"]
    rows = [Row("ces", 10, 0, 6, 9)]
    assert [card.asked.key for card in cards(merged([one]), rows, [one], 1, {})] == ["csat", "ces"]


def test_pages_hold_the_questions_that_stand_with_the_one_before() -> None:
    """A question with the one before it shares its page."""
    document = version(1, asks("comment", "long_text", with_previous=True), asks("nps", "nps")).document
    assert [[question.key for question in page] for page in page_groups(document)] == [["csat", "comment"], ["nps"]]


@given(st.lists(st.none() | st.tuples(st.floats(1, 5), st.floats(0, 1)), min_size=1, max_size=30))
def test_a_chart_stays_inside_its_frame(months: list[tuple[float, float] | None]) -> None:
    """Every dot and whisker lies inside the frame, and months without a figure leave a gap."""
    figures = [
        Figure(9, Unit.SCALE, Estimate(one[0], max(1, one[0] - one[1]), min(5, one[0] + one[1])))
        if one
        else Figure(2, Unit.SCALE, None)
        for one in months
    ]
    parts = [Part(TODAY, TODAY, f"month {number}") for number in range(len(months))]
    found = over_time(figures, parts, (1, 5))
    known = sum(1 for one in months if one)
    if known < 2:
        assert found is None
        return
    assert found is not None
    assert len(found.dots) == known
    for dot in found.dots:
        assert TOP - 1e-6 <= dot.high <= dot.y + 1e-6
        assert dot.y - 1e-6 <= dot.low <= BOTTOM + 1e-6
    assert 1 <= len(found.across) <= 6
    assert all(tick.value == int(tick.value) for tick in found.up)  # whole numbers of the scale, and no gap in them
    assert [tick.value for tick in found.up] == list(range(int(found.up[0].value), int(found.up[-1].value) + 1))


QUARTERS = [months_later(date(2024, 1, 1), 3 * number) for number in range(12)]
counted = st.lists(st.integers(0, 12), min_size=1, max_size=12).map(lambda ns: list(zip(QUARTERS, ns, strict=False)))
MANY = [Window(number, QUARTERS[0], QUARTERS[-1]) for number in range(200)]
windows = st.lists(
    st.builds(
        lambda contact, first, more: Window(contact, QUARTERS[first], QUARTERS[min(first + more, 11)]),
        st.integers(1, 8), st.integers(0, 11), st.integers(0, 1),
    ),
    max_size=60,
)  # fmt: skip


@given(counted)
def test_confidential_groups_have_five_or_more(counts: list[tuple[date, int]]) -> None:
    """Every group holds at least five answers, and no quarter is in two groups."""
    groups = together(counts, MANY)
    assert all(n >= LEAST for _, n in groups)
    grouped = [quarter for quarters, _ in groups for quarter in quarters]
    assert grouped == [quarter for quarter, _ in counts][: len(grouped)]
    assert sum(n for _, n in counts[len(grouped) :]) < LEAST


@given(counted, windows)
def test_what_comes_later_never_changes_a_confidential_group(
    counts: list[tuple[date, int]], surveys: list[Window]
) -> None:
    """Between what was shown a year ago and what is shown today lie only whole groups: nobody can be told by taking one
    from the other, whichever quarters are compared."""
    final = together(counts, surveys)
    for length in range(len(counts)):
        known = [one for one in surveys if one.first <= counts[length][0]]  # others were answered since
        earlier = together(counts[:length], known)
        assert earlier == final[: len(earlier)]


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=60))
def test_five_answers_of_one_person_are_no_group(given_: list[tuple[int, bool]]) -> None:
    """However the answers of a group are shared out among the surveys that were answered, five people gave them."""
    surveys = [Window(contact, QUARTERS[0], QUARTERS[0]) for contact, _answers in given_]
    answering = [contact for contact, answers in given_ if answers]
    assert fewest(len(answering), surveys, QUARTERS[:1]) <= len(set(answering))
    if together([(QUARTERS[0], len(answering))], surveys):
        assert len(set(answering)) >= LEAST


def test_a_quarter_is_shown_when_nothing_in_it_can_change() -> None:
    """An answer may be changed while its survey is open; until the last one is closed its quarter is not shown."""
    quarter = quarter_of(date(2026, 2, 20))
    assert quarter == date(2026, 1, 1)
    assert not over_by(quarter, date(2026, 4, 30), open_days=7)
    assert over_by(quarter, date(2026, 5, 1), open_days=7)
    assert not over_by(quarter, date(2026, 5, 1), open_days=60)


def test_a_question_says_how_other_versions_ask_it() -> None:
    """Placeholders of the job are dots; another wording is told, the same one is not."""
    one, two = version(1, asks("nps", "nps")), version(2, asks("nps", "nps", hint={"en": "Ten is best"}))
    three = version(3, {"key": "nps", "type": "nps", "text": {"en": "Would you recommend {staff|us}?"}})
    [found] = [asked for asked in merged([one, two, three]) if asked.key == "nps"]
    assert isinstance(found, Asked)
    assert found.text == "Would you recommend …?"
    assert found.other_texts == ("nps?",)


def test_what_is_asked_no_longer_has_a_card_only_with_answers() -> None:
    """A question that the newest version left out stands as long as somebody answered it in the time asked for."""
    old, new = version(1, asks("gone", "yes_no")), version(2)
    asked = merged([old, new])
    assert [card.asked.key for card in cards(asked, [], [old, new], 1, {})] == ["csat"]
    found = cards(asked, [Row("gone", 10, 0, 1, 7)], [old, new], 1, {})
    assert [(card.asked.key, card.asked.still_asked) for card in found] == [("csat", True), ("gone", False)]
    other = version(1, asks("gone", "yes_no"), questionnaire=2)
    assert all(one.still_asked for one in merged([new, other], shared_only=True) if one.versions)
