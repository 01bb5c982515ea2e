"""Several bad answers are one reason with their words; words that were read once only say that they are less sure."""

from dataclasses import replace

from analysis.desk.reasons import reasons_of
from analysis.relationships.assessment import assess
from analysis.relationships.doubt import READ_ONCE
from analysis.relationships.evidence import Evidence, Response
from analysis.relationships.ladder import Before
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import loyal, rated, read
from tests.conftest import NOW

WORDS = ("Late again.", "Nobody called us back.", "The same fault for the third time.")


def sour(day: float, answer_id: int, text: str, csat: int = 2) -> Response:
    return rated(day, csat, replace(read(text, aspect="communication"), answer_id=answer_id))


def reasons(evidence: Evidence) -> dict[str, tuple[str, list[str]]]:
    found = assess(evidence, FirmUsual(), NOW, Before()).signals
    return {signal.name: (signal.text, [quote.text for quote in signal.evidence]) for signal in found}


def test_three_bad_answers_are_one_reason_with_three_quotes() -> None:
    """One line counts the ratings, one holds the three comments, the newest first."""
    found = reasons(loyal(*(sour(5 * (n + 1), n + 1, text) for n, text in enumerate(WORDS))))
    assert found["low_scores"][0].startswith("Rated 3 jobs low: each 2 of 5; usually ")
    assert len(found["low_scores"][1]) == 3
    assert found["negative_words"] == ("Unhappy with communication.", list(WORDS))


def test_unlike_ratings_are_listed_and_many_are_the_latest() -> None:
    """3 and 2; and of five the last four, said to be the latest."""
    two = reasons(loyal(rated(9, 3), rated(2, 2)))["low_scores"][0]
    assert two.startswith("Rated 2 jobs low: 3 and 2 of 5; ")
    five = reasons(loyal(*(rated(3 * n + 1, 1 + n % 2) for n in range(5))))["low_scores"][0]
    assert five.startswith("Rated 5 jobs low: lately 2, 1, 2 and 1 of 5; ")


def test_words_that_two_reasons_rest_on_are_quoted_once() -> None:
    """The second reason says that they are quoted above."""
    quote = {"text": WORDS[1], "at": NOW.isoformat(), "source": "answer/2", "start": 0, "end": 5}
    stored = [
        {"signal": "complaint", "points": 0.2, "strength": 1.0, "text": "Complained.", "evidence": [quote]},
        {"signal": "negative_words", "points": 0.9, "strength": 1.4, "text": "Unhappy.", "evidence": [quote]},
    ]
    first, second = reasons_of(stored)
    assert (first.signal, len(first.words), first.again) == ("negative_words", 1, False)
    assert (second.words, second.again) == ([], True)


def test_facts_that_two_reasons_rest_on_are_named_once() -> None:
    """The same three ratings are not listed under the latest ones and under the lasting level."""
    rating = {"text": "2 of 5 for a job", "at": NOW.isoformat(), "source": "response/2", "start": 0, "end": 0}
    stored = [
        {"signal": "low_scores", "points": 0.9, "strength": 3.0, "text": "Rated low.", "evidence": [rating]},
        {"signal": "low_level", "points": 0.2, "strength": 1.0, "text": "Rates low.", "evidence": [rating]},
    ]
    first, second = reasons_of(stored)
    assert (len(first.facts), first.facts_again) == (1, False)
    assert (second.facts, second.facts_again) == ([], True)


def test_old_words_count_but_are_not_quoted() -> None:
    """What was said most of a year ago is no news to tell a manager, where there is something newer."""
    found = reasons(loyal(sour(200, 1, WORDS[0]), sour(5, 2, WORDS[1])))
    assert found["negative_words"][1] == [WORDS[1]]
    assert reasons(loyal(sour(200, 1, WORDS[0])))["negative_words"][1] == [WORDS[0]]


def test_leaving_that_was_read_once_is_less_sure_and_never_severe() -> None:
    """With the fast reader alone the flag stands, says so, and is high; read twice it is severe."""
    said = read("We will move to another company.", leaving=0.95)
    twice = assess(loyal(rated(1, 4, said)), FirmUsual(), NOW, Before())
    once = assess(loyal(rated(1, 4, replace(said, read_once=True))), FirmUsual(), NOW, Before())
    assert (twice.judgement.severity, once.judgement.severity) == ("severe", "high")
    text = next(signal.text for signal in once.signals if signal.name == "leaving")
    assert text == f"Perhaps they think of leaving: {READ_ONCE}."


def test_an_answer_by_the_tick_box_is_sure_whoever_read_the_words() -> None:
    """ "Would you come back? No" is no reading."""
    said = replace(read("Never mind.", score=-0.3), read_once=True)
    found = assess(loyal(rated(1, 3, said, would_return=0)), FirmUsual(), NOW, Before())
    leaving = next(signal for signal in found.signals if signal.name == "leaving")
    assert not leaving.doubtful


def test_pleased_answers_are_no_reason_to_call() -> None:
    """A client who rates 4 where others rate 5 is not told to a manager for that, unless their mean lies below."""
    found = reasons(loyal(*(rated(day, 4) for day in (60, 50, 40))))
    assert "low_level" not in found
