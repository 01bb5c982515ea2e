"""The chance of loss: what each sign adds, that worse is never better, that it fades, and that the order is nothing."""

from collections.abc import Callable
from dataclasses import replace
from math import log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships import alive, loss, rhythm, signals
from analysis.relationships.coverage import contacts_heard
from analysis.relationships.evidence import Ask, Evidence, Response, Settlement
from analysis.relationships.history import as_of
from analysis.relationships.ladder import has_lapsed
from analysis.relationships.loss import Loss
from analysis.relationships.satisfaction import PRIOR_VARIANCE, satisfaction
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, client, jobs, loyal, rated, read
from tests.conftest import NOW

FIRM = FirmUsual()
DAYS = st.integers(1, 300)
ANSWERS = st.lists(st.tuples(DAYS, st.integers(1, 5)), max_size=8, unique_by=lambda item: item[0])
unhurried = settings(deadline=None, max_examples=40)  # machines may be busy


def assessed(evidence: Evidence, firm: FirmUsual = FIRM) -> Loss:
    own = rhythm.rhythm(evidence, NOW)
    found = signals.find(evidence, firm, own, NOW, lapsed=has_lapsed(evidence, own, NOW))
    return loss.assess_loss(evidence, firm, found, NOW)


def told(answers: list[tuple[int, int]], *more: Response) -> Evidence:
    return client(responses=(*(rated(day, csat) for day, csat in answers), *more))


def test_the_parts_add_up_to_the_log_odds() -> None:
    """A flag can be read: the baseline and the signals' points are the log-odds of the risk."""
    angry = loyal(rated(20, 2, read("Nobody told us anything.", aspect="communication")), rated(2, 1))
    found = assessed(angry)
    odds = found.baseline + sum(signal.loss for signal in found.signals)
    assert odds == pytest.approx(log(found.risk / (1 - found.risk)))
    assert found.low < found.risk < found.high
    assert all(signal.loss >= 0 for signal in found.signals)
    assert found.signals[0].name == "low_scores"


def test_too_little_known_is_said() -> None:
    """One job and no answer: no guess, and no flag by the chance of loss."""
    found = assessed(client(job_days=(40,)))
    assert found.too_little == "Too little known to say: 1 job so far, no answer."
    assert found.warns == 0
    assert assessed(Evidence()).too_little == "No job finished yet."
    assert not assessed(loyal()).too_little


@unhurried
@given(ANSWERS, DAYS, st.integers(1, 2))
def test_a_bad_rating_never_lowers_risk(answers: list[tuple[int, int]], day: int, csat: int) -> None:
    """Where an answer was good, a bad one in its place is worse, whatever else was said."""
    good, bad = told(answers, rated(day + 0.5, 5)), told(answers, rated(day + 0.5, csat))
    assert assessed(bad).risk >= assessed(good).risk


@unhurried
@given(ANSWERS, DAYS, st.floats(-1, 1), st.floats(-1, 1))
def test_worse_words_never_lower_risk(answers: list[tuple[int, int]], day: int, one: float, other: float) -> None:
    """The same answer with a more negative comment is never better news."""
    low, high = sorted((one, other))
    sour = told(answers, rated(day + 0.5, 3, read("So it was.", score=low)))
    sweet = told(answers, rated(day + 0.5, 3, read("So it was.", score=high)))
    assert assessed(sour).risk >= assessed(sweet).risk - 1e-9


@unhurried
@given(st.lists(st.booleans(), min_size=4, max_size=12), st.integers(0, 11))
def test_a_late_job_never_lowers_risk(late: list[bool], which: int) -> None:
    """One more job that was late is never better news."""
    which %= len(late)
    days = [15.0 * n + 3 for n in range(len(late))]

    def story(kept: list[bool]) -> Evidence:
        parts = [jobs(day, late=was) for day, was in zip(days, kept, strict=True)]
        done = tuple(replace(part[0], id=n) for n, part in enumerate(parts))
        return replace(client(), jobs=tuple(sorted(done, key=lambda job: job.completed_at)))

    worse = [*late[:which], True, *late[which + 1 :]]
    assert assessed(story(worse)).risk >= assessed(story(late)).risk - 1e-12


@unhurried
@given(st.integers(2, 10), st.integers(0, 6))
def test_more_silence_never_lowers_risk(answered: int, silent: int) -> None:
    """Every unanswered survey after a habit of answering counts against, or not at all."""

    def story(unanswered: int) -> Evidence:
        asks = tuple(Ask(1, ago(200 - 10 * n), n < answered) for n in range(answered + unanswered))
        return client(asks=asks)

    assert assessed(story(silent + 1)).risk >= assessed(story(silent)).risk - 1e-12


@unhurried
@given(st.floats(0, 59), st.floats(0, 59), st.floats(0.001, 0.6))
def test_being_away_longer_is_never_a_better_sign(one: float, other: float, ending: float) -> None:
    """The chance that they are gone grows with the wait, and with what they had to complain of."""
    shorter, longer = sorted((one, other))
    habits = [alive.habit(client(job_days=tuple(day + 10 * n for n in range(9))), NOW) for day in (shorter, longer)]
    assert habits[0] is not None
    assert habits[1] is not None
    assert habits[1].staying <= habits[0].staying + 1e-9
    assert alive.gone(habits[0], ending) <= alive.gone(habits[0], min(0.9, ending * 1.2)) + 1e-12


@unhurried
@given(st.integers(3, 14), st.integers(2, 30), st.integers(0, 60), st.integers(0, 60), ANSWERS)
def test_waiting_longer_never_lowers_risk(
    visits: int, gap: int, one: int, other: int, said: list[tuple[int, int]]
) -> None:
    """While an end would be news, another day without a job is never good news: the wait is read once, as a sign."""
    shorter, longer = sorted((one, other))
    answers = tuple(rated(day, csat) for day, csat in said)
    risks = [
        assessed(client(job_days=tuple(wait + gap * n for n in range(visits)), responses=answers)).risk
        for wait in (shorter, longer)
    ]
    assert risks[1] >= risks[0] - 1e-9


BAD: dict[str, Callable[[float], Evidence]] = {
    "low_scores": lambda day: loyal(rated(day, 2)),
    "negative_words": lambda day: loyal(rated(day, 4, read("Nobody told us anything."))),
    "leaving": lambda day: loyal(rated(day, 3, read("We are leaving.", leaving=0.9))),
    "late_jobs": lambda day: client(job_days=(day, day + 2, day + 4, day + 6), late=True),
    "reopened_jobs": lambda day: replace(
        client(), jobs=(*client().jobs[:-1], replace(client().jobs[-1], reopened_at=ago(day)))
    ),
    "missed_steps": lambda day: loyal(replace(rated(day, 4), steps={"explained": -1, "greeted": -1})),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_old_evidence_fades(name: str) -> None:
    """What happened three months ago adds less than the same thing yesterday."""

    def added(day: float) -> float:
        return sum(signal.loss for signal in assessed(BAD[name](day)).signals if signal.name == name)

    assert added(1) > added(90) >= 0


@unhurried
@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_in_which_it_was_recorded_is_nothing(answers: list[tuple[int, int]], random: Random) -> None:
    """Ids say when a row came in; the risk looks at when things happened."""
    ids = list(range(100, 100 + len(answers)))
    random.shuffle(ids)
    evidence = told(answers)
    renumbered = replace(
        evidence, responses=tuple(replace(r, id=n) for r, n in zip(evidence.responses, ids, strict=True))
    )
    assert assessed(renumbered).risk == pytest.approx(assessed(evidence).risk)


@unhurried
@given(ANSWERS)
def test_satisfaction_is_the_sum_of_its_answers_and_never_surer_than_before(answers: list[tuple[int, int]]) -> None:
    """Additive by construction; its variance lies between 0 and what is not known at all."""
    found = satisfaction(told(answers), FIRM, NOW)
    assert found.level == pytest.approx(sum(share.ratings + share.words for share in found.shares))
    assert 0 < found.variance <= PRIOR_VARIANCE + 1e-9


def test_what_is_usual_for_staff_and_kind_is_taken_out() -> None:
    """The same 4 of 5 is better news for work that everybody rates low."""
    evidence = loyal(rated(2, 4))
    by_them = tuple(replace(job, staff=(("Ana", 1.0),), kind="Audit") for job in evidence.jobs)
    hard = replace(FIRM, effects={"staff/Ana": -0.4, "kind/audit": -0.3})
    assert hard.expected((("Ana", 3.0), ("Ben", 1.0)), "Audit") == pytest.approx(-0.6)
    level = satisfaction(replace(evidence, jobs=by_them), hard, NOW).level
    assert level > satisfaction(evidence, FIRM, NOW).level


def test_a_closed_flag_settles_what_was_said_before() -> None:
    """What a person has dealt with adds nothing any more."""
    angry = loyal(rated(10, 1))
    settled = replace(angry, settlements=(Settlement(ago(5), lost=False),))
    assert assessed(settled).risk < assessed(replace(angry, contacted=(ago(5),))).risk < assessed(angry).risk


def test_an_end_that_everybody_knows_is_no_news() -> None:
    """A weekly client silent for six weeks is likely gone; for half a year, that is no warning any more."""
    six_weeks, half_a_year = (client(job_days=tuple(day + 7 * n for n in range(12))) for day in (45, 170))
    assert assessed(six_weeks).risk > 0.1 > assessed(half_a_year).risk
    assert "overdue" in {signal.name for signal in assessed(six_weeks).signals if signal.loss > 0.5}


def test_nothing_later_is_seen() -> None:
    """An ask that was answered in the end was still open then."""
    evidence = client(asks=(Ask(1, ago(20), True, ago(6), answered_at=ago(3)),))
    then = as_of(evidence, ago(4))
    assert [ask.answered for ask in then.asks] == [False]


def test_who_was_heard() -> None:
    """Coverage: who spoke within a year, of those who are there."""
    assert contacts_heard(loyal(), NOW) == (1, 1)
    assert contacts_heard(client(), NOW) == (0, 1)
