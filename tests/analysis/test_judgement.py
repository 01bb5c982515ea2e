"""Risk, severity, hysteresis, health and the ladder: would a sensible manager agree?"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships import ladder, rhythm, risk
from analysis.relationships.assessment import Assessment, assess
from analysis.relationships.evidence import Ask, Evidence, Settlement, Signal
from analysis.relationships.health import health
from analysis.relationships.ladder import Before
from analysis.relationships.loss import shipped
from analysis.relationships.scores import rated_responses
from analysis.relationships.signals import LABELS, Weights
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, client, loyal, rated, read
from tests.conftest import NOW

FIRM = FirmUsual()
UNKNOWN = Before()
STRONG = (Signal("low_scores", 3.2, "why"), Signal("overdue", 2.5, "why"))


def judged(evidence: Evidence, before: Before = UNKNOWN, firm: FirmUsual = FIRM) -> Assessment:
    return assess(evidence, firm, NOW, before)


def test_a_weak_sign_is_no_reason() -> None:
    """What adds next to nothing to the risk and calls for little is not named; the strongest one always is."""
    rates, complains = Signal("low_scores", 0.3, "why", loss=0.4), Signal("complaint", 0.6, "why", loss=0.05)
    weak = Signal("late_jobs", 0.4, "why", loss=0.09)
    found = replace(judged(loyal(rated(2, 1))), signals=(rates, complains, weak))
    assert [reason["signal"] for reason in found.reasons] == ["low_scores", "complaint"]
    assert [reason["signal"] for reason in replace(found, signals=(weak,)).reasons] == ["late_jobs"]


def test_one_lukewarm_answer_is_no_flag() -> None:
    """A single 3 of 5 with a lukewarm comment is not worth a manager's morning."""
    found = judged(loyal(rated(2, 3, read("It was ok, a bit slow.", score=-0.2, aspect="timeliness"))))
    assert not found.judgement.flagged


def test_one_bad_score_of_a_loyal_client_is_moderate() -> None:
    """It is flagged, and calmly."""
    found = judged(loyal(rated(2, 2)))
    assert found.judgement.severity == "moderate"
    assert judged(loyal(rated(2, 1))).judgement.severity == "moderate"


def test_leaving_is_severe_or_high_at_once() -> None:
    """Said clearly it is severe, even beside a good rating; by the tick box it is at least high."""
    said = judged(loyal(rated(1, 4, read("We will move to another company.", leaving=0.95))))
    assert said.judgement.severity == "severe"
    ticked = judged(loyal(rated(1, 3, would_return=0)))
    assert ticked.judgement.severity in {"high", "severe"}


def test_silence_alone_flags_nobody_and_with_an_overdue_job_it_does() -> None:
    """Only a client who used to answer and is also overdue is flagged for what does not happen."""
    asked = tuple(Ask(1, ago(150 - 12 * n), n < 6) for n in range(10))
    regular = client(job_days=tuple(5 + 12 * n for n in range(12)), asks=asked)
    assert not judged(regular).judgement.flagged
    gone_quiet = client(job_days=tuple(50 + 12 * n for n in range(12)), asks=asked)
    found = judged(gone_quiet)
    assert {signal.name for signal in found.signals} >= {"silence", "overdue"}
    assert found.judgement.flagged
    only_overdue = client(job_days=tuple(50 + 12 * n for n in range(12)))
    assert not judged(only_overdue).judgement.flagged


def test_a_client_lapsed_long_ago_is_not_flagged_anew() -> None:
    """An imported history does not raise flags about clients who left a year ago."""
    found = judged(client(job_days=tuple(400 + 10 * n for n in range(8)), responses=(rated(395, 1),)))
    assert found.standing.rung == "lapsed"
    assert not found.judgement.flagged


def test_a_flag_does_not_flicker() -> None:
    """It is raised at one risk and cleared at a lower one."""
    assert not risk.judge(0.4, ()).flagged
    assert risk.judge(0.4, (), live_severity="moderate").flagged
    assert not risk.judge(0.3, (), live_severity="moderate").flagged


def test_severity_falls_with_a_margin_only() -> None:
    """A severe flag just below the step stays severe; well below it falls; it rises at once."""
    assert risk.judge(0.89, STRONG, live_severity="severe", loss=0.2).severity == "severe"
    assert risk.judge(0.8, STRONG, live_severity="severe", loss=0.2).severity == "high"
    assert risk.judge(0.93, STRONG, live_severity="moderate", loss=0.2).severity == "severe"


def test_severe_is_earned() -> None:
    """Lukewarm ratings, however many, are high; strong signs of several kinds are severe, sooner on a large client."""
    ratings = (Signal("low_scores", 4.2, "why"), Signal("low_level", 1.4, "why"), Signal("late_jobs", 0.4, "why"))
    assert risk.judge(0.95, ratings, loss=0.2).severity == "high"
    assert risk.judge(0.95, ratings, worth=1.0, loss=0.2).severity == "high"
    two = (Signal("low_scores", 2.4, "why"), Signal("overdue", 1.6, "why"), Signal("low_level", 1.2, "why"))
    assert risk.judge(0.95, two, loss=0.2).severity == "high"
    assert risk.judge(0.95, two, worth=1.0, loss=0.2).severity == "severe"
    assert risk.judge(0.95, (*two, Signal("complaint", 1.1, "why")), loss=0.2).severity == "severe"
    assert risk.judge(0.95, STRONG, loss=0.2).severity == "severe"


def test_a_large_client_moves_up_a_step() -> None:
    """In the upper half of a step, value decides."""
    assert risk.judge(0.65, ()).severity == "moderate"
    assert risk.judge(0.65, (), worth=1.0).severity == "high"
    assert risk.judge(0.55, (), worth=1.0).severity == "moderate"


@settings(deadline=None)  # machines may be busy
@given(st.floats(0, 30), st.floats(0, 30))
def test_risk_grows_with_points(some: float, more: float) -> None:
    """More points never mean less risk, and risk is a probability."""
    low, high = sorted((some, more))
    assert 0 <= risk.probability(low) <= risk.probability(high) <= 1


@settings(deadline=None)  # machines may be busy
@given(st.lists(st.tuples(st.sampled_from(sorted(LABELS)), st.floats(0, 20)), max_size=13))
def test_health_stays_on_its_scale(found: list[tuple[str, float]]) -> None:
    """0…100, whatever speaks."""
    signals = tuple(Signal(name, points, "why") for name, points in found)
    evidence = loyal(rated(1, 5, nps=10))
    value = health(
        evidence, rated_responses(evidence, FIRM), signals, rhythm.rhythm(evidence, NOW), lapsed=False, now=NOW
    ).value
    assert 0 <= value <= 100


def test_health_is_the_sum_of_its_contributions() -> None:
    """Inside the scale the contributions add up to the number that people see."""
    found = judged(loyal(rated(2, 3))).health
    assert found.value == pytest.approx(65 + sum(item.amount for item in found.contributions), abs=0.1)
    assert judged(loyal(rated(2, 5, nps=10))).health.value > found.value


def test_what_would_clear_a_flag_is_said_in_words() -> None:
    """The remedy of the strongest sign, and the day it fades by itself."""
    found = judged(loyal(rated(2, 2)))
    assert "back at their usual level" in found.clears_if
    assert "by itself about" in found.clears_if
    lasting = risk.clears_if((Signal("overdue", 5.0, "", fades=False),), NOW)
    assert lasting == "Clears if they bring a new job."


def test_weights_change_the_verdict() -> None:
    """A multiplier of 0 silences a sign; the version is kept with what was judged."""
    found = assess(loyal(rated(2, 2)), FIRM, NOW, Before(), Weights({"low_scores": 0.0}, version="c3"))
    assert not found.judgement.flagged
    assert found.model == f"{risk.MODEL}+c3+{shipped().version}"


def rung(evidence: Evidence, before: Before = UNKNOWN) -> str:
    return judged(evidence, before).standing.rung


def test_the_rungs() -> None:
    """New, customer, client, advocate, lapsed: by jobs, answers, trust and recommendation."""
    assert rung(client(job_days=(10,))) == "new"
    assert rung(client(job_days=(100,))) == "customer"
    assert rung(client(job_days=(300, 200, 100))) == "customer"  # returns, but has never answered
    assert rung(client(job_days=(300, 200, 100), responses=(rated(90, 4),))) == "client"
    assert rung(client(job_days=(300, 200, 100), responses=(rated(90, 5, nps=9),))) == "advocate"
    assert rung(replace(client(job_days=(300, 200, 100), responses=(rated(90, 4),)), referred=(ago(20),))) == "advocate"
    assert rung(client(job_days=(500, 400, 300))) == "lapsed"
    assert rung(Evidence()) == "new"


def test_distrust_keeps_a_regular_from_being_a_client() -> None:
    """Who rates 2 returns for other reasons than trust; a good rating afterwards mends it."""
    job_days = (320, 260, 200, 140, 80, 20)
    assert rung(client(job_days=job_days, responses=(rated(140, 3), rated(130, 2)))) == "customer"
    assert rung(client(job_days=job_days, responses=(rated(140, 2), rated(70, 4)))) == "client"


def test_a_client_cools_by_rhythm_or_by_risk_and_comes_back() -> None:
    """Overdue or at risk: cooling, with the reason; a job later they are what they were."""
    days = tuple(90 + 10 * n for n in range(12))
    quiet = client(job_days=days, responses=(rated(120, 5),))
    found = judged(quiet, Before("client", "client"))
    assert found.standing.rung == "cooling"
    assert "No job for 90 days" in found.standing.reason
    back = client(job_days=(*days, 2), responses=(rated(90, 5),))
    assert rung(back, Before("cooling", "client")) == "client"
    hurt = judged(loyal(rated(20, 2), rated(2, 1)), Before("client", "client"))
    assert hurt.standing.rung == "cooling"
    assert "At risk" in hurt.standing.reason


def test_cooling_ends_with_evidence_and_not_with_time() -> None:
    """After a flag has gone they stay cooling until a job or a good answer, and for a month at least."""
    evidence = client(job_days=(300, 200, 120, 70), responses=(rated(120, 5),))
    assert rung(evidence, Before("cooling", "client", since=ago(40))) == "cooling"
    assert rung(evidence, Before("cooling", "client", since=ago(80))) == "client"
    answered = replace(evidence, responses=(*evidence.responses, rated(5, 4)))
    assert rung(answered, Before("cooling", "client", since=ago(40))) == "client"
    assert rung(answered, Before("cooling", "client", since=ago(10))) == "cooling"
    spoken = replace(evidence, settlements=(Settlement(ago(3), lost=False),))
    assert rung(spoken, Before("cooling", "client", since=ago(40))) == "client"


def test_a_moderate_flag_cools_nobody() -> None:
    """One bad rating is a reason to call, and no fall."""
    found = judged(loyal(rated(2, 2)), Before("client", "client"))
    assert found.judgement.severity == "moderate"
    assert found.standing.rung == "client"


def test_an_advocate_is_not_lost_by_one_eight() -> None:
    """Nine and ten make an advocate; two answers below eight, or one of six, end it; and not within three months."""
    days = (300, 200, 100)
    was = Before("advocate", "advocate", since=ago(200))
    assert rung(client(job_days=days, responses=(rated(190, 5, nps=10), rated(90, 5, nps=8))), was) == "advocate"
    assert rung(client(job_days=days, responses=(rated(190, 5, nps=7), rated(90, 5, nps=7))), was) == "client"
    unsure = client(job_days=days, responses=(rated(190, 5, nps=10), rated(90, 4, nps=6)))
    assert rung(unsure, was) == "client"
    assert rung(unsure, Before("advocate", "advocate", since=ago(30))) == "advocate"


def test_a_rung_once_reached_is_kept_by_a_lower_bar() -> None:
    """Two jobs a year keep a client, but do not make one."""
    evidence = client(job_days=(380, 200, 100), responses=(rated(90, 5),))
    assert rung(evidence) == "customer"
    assert rung(evidence, Before("client", "client")) == "client"


def test_a_client_closed_as_lost_is_lapsed_until_a_new_job() -> None:
    """What a person said counts more than the calendar."""
    lost = replace(loyal(), settlements=(Settlement(ago(1), lost=True),))
    found = judged(lost)
    assert found.standing.rung == "lapsed"
    assert "Closed as lost" in found.standing.reason
    back = replace(loyal(), settlements=(Settlement(ago(6), lost=True),))
    assert rung(back) != "lapsed"


def test_a_slow_rhythm_lapses_later() -> None:
    """180 days, or three of their own gaps."""
    slow = client(job_days=(720, 630, 540, 450, 360, 240))
    own = rhythm.rhythm(slow, NOW)
    assert ladder.lapsed_after(own) > 180
    assert not ladder.has_lapsed(slow, own, NOW)
