"""Each sign of a relationship that is turning bad."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships import promises, rhythm, scores, silence, words
from analysis.relationships.evidence import (
    Ask,
    Evidence,
    Person,
    Promise,
    Response,
    Settlement,
    Signal,
    freshness,
)
from analysis.relationships.history import as_of
from analysis.relationships.risk import BASE_POINTS
from analysis.relationships.usual import FirmUsual, level_from, own_usual, shrinkage_from, standing
from tests.analysis.stories import ago, client, jobs, loyal, rated, read
from tests.conftest import NOW

FIRM = FirmUsual()


def low_scores(evidence: Evidence) -> Signal | None:
    return scores.low_scores(evidence, scores.rated_responses(evidence, FIRM), FIRM, NOW)


def test_a_bad_rating_is_a_sign_and_says_which() -> None:
    """The reason names the rating, its day, and what the client usually says."""
    signal = low_scores(loyal(rated(2, 2)))
    assert signal is not None
    assert signal.points > 3
    assert signal.text == "Latest rating 2 of 5; usually 4.8 (8 Mar 2026)."
    assert signal.evidence[0].text.startswith("2 of 5 for Repair")


def test_the_telling_part_comes_first() -> None:
    """A one-line list cuts a reason after some fifty characters: what happened and what is usual stand before that."""
    several = low_scores(loyal(rated(60, 3), rated(30, 2), rated(2, 3, nps=4)))
    assert several is not None
    assert several.text == "Rated 3 jobs low: 3, 2 and 3 of 5; usually 4.4 (8 Mar 2026, recommends 4 of 10)."
    first = low_scores(client(responses=(rated(2, 2),)))
    assert first is not None
    assert first.text.startswith("Latest rating 2 of 5; your clients say 4.4")


def test_usual_ratings_are_no_sign() -> None:
    """A client who goes on as always gives no sign."""
    assert low_scores(loyal(rated(2, 5), rated(1, 4))) is None


def test_the_same_rating_weighs_more_from_a_client_who_was_always_pleased() -> None:
    """A 3 from one who says 5 is worse than a 3 from one who says 3."""
    pleased = low_scores(loyal(rated(2, 3)))
    reserved = low_scores(client(responses=tuple(rated(day, 3) for day in (300, 240, 180, 120, 60, 2))))
    fresh = low_scores(client(responses=(rated(2, 3),)))
    assert pleased is not None
    assert fresh is not None
    assert pleased.points > fresh.points
    assert reserved is None or reserved.points < 2 * pleased.points


def test_a_good_answer_afterwards_takes_points_back() -> None:
    """Ratings that come back up heal what was before."""
    before, after = low_scores(loyal(rated(20, 3))), low_scores(loyal(rated(20, 3), rated(3, 5)))
    assert before is not None
    assert after is None or after.points < before.points


def test_evidence_ages() -> None:
    """The same rating half a year ago weighs a fraction."""
    new, old = low_scores(loyal(rated(1, 2))), low_scores(loyal(rated(90, 2)))
    assert new is not None
    assert old is not None
    assert old.points < new.points / 2 + 0.2
    assert freshness(ago(75), NOW) == pytest.approx(0.5)


def test_speaking_with_the_client_takes_weight_off() -> None:
    """Evidence from before a logged contact weighs less than the same evidence unanswered."""
    alone = loyal(rated(10, 2))
    spoken = low_scores(replace(alone, contacted=(ago(5),)))
    unspoken = low_scores(alone)
    assert spoken is not None
    assert unspoken is not None
    assert spoken.points < unspoken.points


def test_what_a_closed_flag_dealt_with_no_longer_speaks() -> None:
    """Evidence from before a resolution is settled; evidence from after it counts in full."""
    settled = replace(loyal(rated(10, 1)), settlements=(Settlement(ago(5), lost=False),))
    assert low_scores(settled) is None
    again = replace(loyal(rated(10, 1), rated(2, 1)), settlements=(Settlement(ago(5), lost=False),))
    assert low_scores(again) is not None


def test_a_lasting_low_level_is_a_sign_of_its_own() -> None:
    """A client who keeps rating below the others is named with both averages."""
    evidence = client(responses=tuple(rated(day, 3) for day in (200, 150, 100, 50, 5)))
    signal = scores.low_level(evidence, scores.rated_responses(evidence, FIRM), FIRM, NOW)
    assert signal is not None
    assert "3.0 of 5" in signal.text


def test_an_intent_to_leave_is_quoted() -> None:
    """The words that say it are the evidence, with their place in the comment."""
    comment = "It took days. We are looking for another provider. Regards"
    reading = replace(read(comment, leaving=0.95), evidence=((14, 50, -0.9),))
    signal = words.leaving(loyal(rated(1, 4, reading)), NOW)
    assert signal is not None
    quote = signal.evidence[0]
    assert quote.text == "We are looking for another provider."
    assert comment[quote.start : quote.end] == quote.text
    assert quote.source == "answer/7"


def test_would_not_come_back_is_an_intent_to_leave() -> None:
    """The answer counts without any words."""
    signal = words.leaving(loyal(rated(1, 3, would_return=0)), NOW)
    assert signal is not None
    assert "not come back" in signal.text
    assert words.leaving(loyal(rated(1, 3, would_return=1)), NOW) is None


def test_a_good_answer_later_takes_an_intent_to_leave_back() -> None:
    """What clears the flag is what the flag's page promises: they say that they stay, or their next answer is good."""
    angry = rated(20, 2, read("We are looking for another provider.", leaving=0.95))
    alone, after = words.leaving(loyal(angry), NOW), words.leaving(loyal(angry, rated(2, 5)), NOW)
    still = words.leaving(loyal(angry, rated(2, 5, read("Goodbye, we are leaving.", leaving=0.9))), NOW)
    assert alone is not None
    assert after is not None
    assert still is not None
    assert after.points < alone.points / 2
    assert still.points > alone.points


def test_friendlier_comments_take_weight_off_negative_words() -> None:
    """A kind comment since halves what was said before."""
    sour = rated(20, 3, read("Nobody told us anything.", aspect="communication"))
    before = words.negative_words(loyal(sour), NOW)
    after = words.negative_words(loyal(sour, rated(2, 5, read("Lovely work.", score=0.8))), NOW)
    assert before is not None
    assert after is not None
    assert after.points < 0.6 * before.points


def test_a_complaint_speaks_until_somebody_has_spoken_with_them() -> None:
    """A logged contact resolves it."""
    evidence = loyal(rated(10, 2, read("Nobody called me back.", complaint=0.9)))
    assert words.complaints(evidence, NOW) is not None
    assert words.complaints(replace(evidence, contacted=(ago(2),)), NOW) is None


def test_a_wish_to_be_called_speaks_after_a_day() -> None:
    """Ticked on the form or said in words; a day's grace; a contact ends it."""
    assert words.wants_contact(loyal(rated(0.2, 3, contact_me=1)), NOW) is None
    late = loyal(rated(3, 3, contact_me=1))
    assert words.wants_contact(late, NOW) is not None
    assert words.wants_contact(replace(late, contacted=(ago(1),)), NOW) is None
    assert words.wants_contact(loyal(rated(3, 3, read("Please call me", callback=0.9))), NOW) is not None


def test_negative_words_name_the_aspect() -> None:
    """The aspects are named in plain words, and a pleased rating takes most of the weight."""
    harsh = words.negative_words(loyal(rated(2, 2, read("Nobody told us anything.", aspect="communication"))), NOW)
    mild = words.negative_words(loyal(rated(2, 5, read("Nobody told us anything.", aspect="communication"))), NOW)
    assert harsh is not None
    assert "communication" in harsh.text
    assert mild is not None
    assert mild.points < harsh.points / 2


def test_missed_steps_are_named_in_the_firms_words() -> None:
    """The ledger's −1 speaks with the promise's own text."""
    answer = replace(rated(2, 4), steps={"explained": -1, "greeted": 1})
    evidence = replace(loyal(answer), step_texts={"explained": "We explained it at the end"})
    signal = promises.missed_steps(evidence, NOW)
    assert signal is not None
    assert "We explained it at the end" in signal.text
    assert len(signal.evidence) == 1


def test_steps_missed_again_weigh_more_than_a_slip() -> None:
    """The same number of steps counts for more when it happened in two answers."""
    missing = {"explained": -1, "told_next": -1, "kept_informed": -1}
    once = promises.missed_steps(loyal(replace(rated(2, 4), steps={**missing, "greeted": -1})), NOW)
    twice = promises.missed_steps(loyal(replace(rated(9, 4), steps=missing), replace(rated(2, 4), steps=missing)), NOW)
    assert once is not None
    assert twice is not None
    assert once.points == promises.MOST_STEP_POINTS < twice.points <= promises.MOST_REPEATED_STEP_POINTS


def test_late_jobs_count_beyond_the_firms_usual_share() -> None:
    """Jobs after their promised date are a sign; the firm's usual lateness is not."""
    signal = promises.late_jobs(client(job_days=(80, 60, 40, 20), late=True), FIRM, NOW)
    assert signal is not None
    assert "4 of the last 4 jobs" in signal.text
    assert promises.late_jobs(client(job_days=(80, 60, 40, 20), late=True), replace(FIRM, late_share=1.0), NOW) is None


def test_a_reopened_job_is_a_sign() -> None:
    """A job opened again was not done."""
    evidence = client()
    again = replace(evidence, jobs=(*evidence.jobs[:-1], replace(evidence.jobs[-1], reopened_at=ago(2))))
    assert promises.reopened_jobs(again, NOW) is not None
    assert promises.reopened_jobs(evidence, NOW) is None


def test_a_promised_call_not_made_speaks_until_it_is() -> None:
    """Only once it is due, and only while it is not kept."""
    promise = Promise(1, ago(10), ago(3))
    evidence = replace(client(), promises=(promise,))
    assert promises.broken_calls(evidence, NOW) is not None
    assert promises.broken_calls(replace(evidence, promises=(replace(promise, kept_at=ago(1)),)), NOW) is None
    assert promises.broken_calls(replace(evidence, promises=(replace(promise, due_at=ago(-1)),)), NOW) is None


@pytest.mark.parametrize(
    ("person", "words_expected"),
    [
        (Person(1, "Ida Berg", True, left_at=ago(9)), "has left"),
        (Person(1, "Ida Berg", True, mail_block="bounced", blocked_at=ago(9)), "bounce"),
        (Person(1, "Ida Berg", True, mail_block="complained", blocked_at=ago(9)), "spam"),
    ],
)
def test_losing_the_main_contact_is_a_sign(person: Person, words_expected: str) -> None:
    """Left, bouncing, or fed up with our mail; somebody else's address at the client is not."""
    bystander = Person(2, "Ole", mail_block="bounced", blocked_at=ago(9))
    signal = promises.lost_contact(replace(client(), people=(person, bystander)), NOW)
    assert signal is not None
    assert words_expected in signal.text
    assert promises.lost_contact(replace(client(), people=(Person(1, "Ida", True), bystander)), NOW) is None


def test_losing_the_only_contact_weighs_more() -> None:
    """Where nobody else is known, nobody at the client can be reached."""
    gone = Person(1, "Ida Berg", True, mail_block="bounced", blocked_at=ago(9))
    only = promises.lost_contact(replace(client(), people=(gone,)), NOW)
    one_of_two = promises.lost_contact(replace(client(), people=(gone, Person(2, "Ole"))), NOW)
    assert only is not None
    assert one_of_two is not None
    assert only.text == "Only contact’s address bounces: Ida Berg."
    assert one_of_two.text == "Main contact’s address bounces: Ida Berg."
    assert only.points > one_of_two.points


def test_the_only_contact_stays_lost_until_there_is_another() -> None:
    """An address that bounces does not get better with time, unless somebody else there can be reached."""
    gone = Person(1, "Ida Berg", True, mail_block="bounced", blocked_at=ago(90))
    only = promises.lost_contact(replace(client(), people=(gone,)), NOW)
    one_of_two = promises.lost_contact(replace(client(), people=(gone, Person(2, "Ole"))), NOW)
    assert only is not None
    assert one_of_two is not None
    assert (only.fades, one_of_two.fades) == (False, True)
    assert only.points > 3 * one_of_two.points


def asks(answered: int, silent: int) -> tuple[Ask, ...]:
    count = answered + silent
    return tuple(Ask(1, ago(35 * (count - n) + 20), n < answered) for n in range(count))


def test_silence_is_measured_against_the_contacts_own_habit() -> None:
    """Three silences from one who always answered speak; from one who never did they do not."""
    signal = silence.silence(client(asks=asks(6, 3)), FIRM, NOW)
    assert signal is not None
    assert "No answer to the last 3 surveys; Ida Berg had answered 6 of 6" in signal.text
    assert silence.silence(client(asks=asks(0, 5)), FIRM, NOW) is None
    assert silence.silence(client(asks=asks(6, 0)), FIRM, NOW) is None


def test_a_survey_still_open_is_not_silence() -> None:
    """Only asks that had time to be answered count."""
    pending = (*asks(6, 1), Ask(1, ago(3), False), Ask(1, ago(2), False))
    assert silence.silence(client(asks=pending), FIRM, NOW) is None


@settings(deadline=None)  # machines may be busy
@given(
    answered=st.integers(0, 60),
    more=st.integers(0, 60),
    silences=st.integers(0, 40),
    a=st.floats(0.1, 20),
    b=st.floats(0.1, 20),
)
def test_the_chance_of_silence_is_a_probability(answered: int, more: int, silences: int, a: float, b: float) -> None:
    """In [0, 1], and never larger for a longer run."""
    chance = silence.chance_of_silence(answered, answered + more, silences, (a, b))
    assert 0.0 <= chance <= 1.0
    assert silence.chance_of_silence(answered, answered + more, silences + 1, (a, b)) <= chance + 1e-12


def test_overdue_is_measured_against_the_clients_own_rhythm() -> None:
    """Two months are nothing for a yearly client and alarming for a weekly one; three visits say nothing."""
    weekly = client(job_days=tuple(60 + 7 * n for n in range(10)))
    signal = rhythm.overdue(weekly, rhythm.rhythm(weekly, NOW), lapsed=False)
    assert signal is not None
    assert "No job for 60 days; usually every 7" in signal.text
    quarterly = client(job_days=tuple(60 + 90 * n for n in range(6)))
    assert rhythm.overdue(quarterly, rhythm.rhythm(quarterly, NOW), lapsed=False) is None
    few = client(job_days=(74, 67, 60))
    assert rhythm.rhythm(few, NOW) is None


def test_a_silence_that_no_holiday_explains_is_enough_for_a_flag() -> None:
    """Ninety days of nothing from a weekly client weigh more than fifty, and flag by themselves."""
    weekly, silent = (client(job_days=tuple(day + 7 * n for n in range(10))) for day in (50, 90))
    short = rhythm.overdue(weekly, rhythm.rhythm(weekly, NOW), lapsed=False)
    long = rhythm.overdue(silent, rhythm.rhythm(silent, NOW), lapsed=False)
    assert short is not None
    assert long is not None
    assert short.points < -BASE_POINTS < long.points


def test_four_stars_are_not_called_low() -> None:
    """Who would not recommend and gives 4 of 5 all the same has not rated the job low: the words say which is which."""
    both = low_scores(loyal(rated(20, 3), rated(9, 3), rated(2, 4, nps=3)))
    assert both is not None
    assert both.text.startswith("Rated 2 jobs low: each 3 of 5;")
    assert "recommends 3 of 10" in both.text
    alone = low_scores(loyal(rated(2, 4, nps=3)))
    assert alone is not None
    assert alone.text.startswith("Answered low: 4 of 5, recommends 3 of 10 (")


def test_a_lapsed_client_is_not_overdue() -> None:
    """The ladder says that they are gone; a sign would come too late."""
    weekly = client(job_days=tuple(260 + 7 * n for n in range(10)))
    assert rhythm.overdue(weekly, rhythm.rhythm(weekly, NOW), lapsed=True) is None


@settings(deadline=None)  # machines may be busy
@given(st.lists(st.floats(0, 700), min_size=4, max_size=40))
def test_a_rhythm_is_finite_for_any_history(days: list[float]) -> None:
    """Jobs at once, far apart, in any pattern: a chance in [0, 1] or no rhythm at all."""
    found = rhythm.rhythm(client(job_days=tuple(days)), NOW)
    assert found is None or (0.0 <= found.chance <= 1.0 and found.usual_gap >= 0)


def test_jobs_of_one_day_are_one_visit() -> None:
    """A batch of tickets closed together does not make a rhythm."""
    assert len(rhythm.visits(client(job_days=(10, 10.1, 10.2, 40)))) == 2


@settings(deadline=None)  # machines may be busy
@given(st.lists(st.integers(1, 5), min_size=1, max_size=50))
def test_the_firms_level_stays_inside_the_scale(answers: list[int]) -> None:
    """Whatever was answered, the mean lies on the scale and the spread is positive."""
    level = level_from("csat", len(answers), float(sum(answers)), float(sum(a * a for a in answers)))
    assert 1 <= level.mean <= 5
    assert level.spread >= 0.5


def test_shrinkage_follows_how_much_clients_differ() -> None:
    """Clients who differ a lot need few answers of their own; clients all alike need many."""
    apart = [(5, 5.0 * v, 5.0 * v * v + 1) for v in (2, 3, 4, 5) * 5]
    alike = [(5, 20.0, 86.0)] * 20
    assert shrinkage_from(apart) < shrinkage_from(alike)
    assert shrinkage_from([(5, 20.0, 86.0)] * 3) == 4.0


def test_a_clients_usual_level_is_shrunk_to_the_firms() -> None:
    """One answer moves it a little, many move it far."""
    assert -0.3 < own_usual([-1.0], FIRM) < 0
    assert own_usual([-1.0] * 40, FIRM) < -0.85
    assert own_usual([], FIRM) == 0
    assert standing(Response(1, 1, 1, NOW), FIRM) is None


def test_the_past_is_read_without_the_future() -> None:
    """`as_of` hides every later job, answer, contact, bounce and settlement."""
    whole = Evidence(
        jobs=(replace(jobs(50)[0], reopened_at=ago(10)), *jobs(5)),
        asks=asks(2, 1),
        responses=(rated(40, 5), rated(4, 1)),
        people=(Person(1, "Ida", True, "bounced", ago(3), left_at=ago(2)),),
        promises=(Promise(1, ago(6), ago(1)),),
        contacted=(ago(9),),
        referred=(ago(8),),
        settlements=(Settlement(ago(7), lost=True),),
    )
    then = as_of(whole, ago(30))
    assert [job.reopened_at for job in then.jobs] == [None]
    assert [response.numbers["csat"] for response in then.responses] == [5]
    assert (then.people[0].mail_block, then.people[0].left_at) == (None, None)
    assert (then.promises, then.contacted, then.referred, then.settlements) == ((), (), (), ())
    assert as_of(whole, NOW + timedelta(days=1)) == whole


def test_freshness_never_exceeds_one() -> None:
    """Evidence dated after `now` (a clock set back) weighs as new."""
    later: datetime = NOW + timedelta(days=3)
    assert freshness(later, NOW) == 1.0
