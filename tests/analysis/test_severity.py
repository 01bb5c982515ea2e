"""How urgent a flag is: risk × value × how hard it is to turn; and that it does not flicker."""

from itertools import pairwise
from math import exp, log

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships import risk
from analysis.relationships.evidence import Signal
from analysis.relationships.severity import HARD_TO_TURN, severity, urgency
from analysis.relationships.signals import LABELS

RANK = {None: 3, "moderate": 2, "high": 1, "severe": 0}
NAMES = st.sampled_from(sorted(LABELS))
SIGNS = st.lists(st.builds(Signal, NAMES, st.floats(0, 6), st.just("why")), max_size=5, unique_by=lambda s: s.name)
WOBBLE = 0.12  # of the log-odds, either way: a small change of risk


def test_one_late_job_is_moderate_and_who_says_that_they_go_is_severe() -> None:
    """The same odds: what the firm can put right itself is calm, words of leaving are not."""
    late = (Signal("late_jobs", 3.2, "why"),)
    leaving = (Signal("leaving", 4.6, "why"),)
    assert risk.judge(0.55, late).severity == "moderate"
    assert risk.judge(0.55, leaving).severity == "severe"


def test_value_makes_urgent_by_steps_and_never_less() -> None:
    """Half of a large client's value changes nothing yet; a large one's flag rises; a small one's never falls."""
    assert [urgency(1, worth, ()).value for worth in (0, 0.1, 0.5, 1, 4)] == [1, 1, 1, 2, 2.5]
    assert risk.judge(0.65, (), worth=0.1).severity == "moderate"
    assert risk.judge(0.65, (), worth=1).severity == "high"


def test_both_doors_are_measured_alike() -> None:
    """What just raises a flag is as urgent by the alarm as by the chance of loss, and so is what makes it high."""
    assert risk.opened(0.5, 0.0) == risk.opened(0.0, 0.2) == 1
    assert risk.judge(0.73, ()).severity == risk.judge(0.1, (), loss=0.41).severity == "high"
    assert risk.judge(0.6, ()).severity == risk.judge(0.1, (), loss=0.25).severity == "moderate"


def test_words_that_are_not_relied_on_make_nothing_severe() -> None:
    """An intent to leave that was read once only raises no severe flag."""
    unsure = (Signal("leaving", 5.0, "why", doubtful=True),)
    assert risk.judge(0.88, unsure).severity == "high"
    assert urgency(1, 0, unsure).hard == 1


def test_the_severity_is_said_in_a_sentence() -> None:
    """The reason names what counts: words of leaving, the value, how hard it is to turn."""
    leaving = risk.judge(0.8, (Signal("leaving", 4.6, "why"),), worth=1)
    assert leaving.why == "Severe: they say that they leave; they are among your largest clients."
    silent = risk.judge(0.6, (Signal("silence", 2.0, "why"),))
    assert "no longer answer" in silent.why
    calm = risk.judge(0.6, (Signal("late_jobs", 2.0, "why"),))
    assert calm.why == "Moderate: the signs are clear."
    few = risk.judge(0.95, (Signal("low_scores", 4.0, "why"),))
    assert "not severe, for the signs are of few kinds" in few.why


@settings(deadline=None, max_examples=200)
@given(SIGNS, NAMES, st.floats(0, 6), st.floats(0.1, 30), st.floats(0, 3), st.floats(0, 3))
def test_more_bad_evidence_is_never_less_urgent(
    signs: list[Signal], name: str, points: float, odds: float, worth: float, more: float
) -> None:
    """Another sign, more value or more risk never lowers the severity."""
    before = RANK[severity(urgency(odds, worth, signs))]
    others = [sign for sign in signs if sign.name != name]
    old = next((sign.points for sign in signs if sign.name == name), 0.0)
    stronger = [*others, Signal(name, max(old, points), "why")]
    assert RANK[severity(urgency(odds, worth, stronger))] <= before
    assert RANK[severity(urgency(odds, worth + more, signs))] <= before
    assert RANK[severity(urgency(odds * (1 + more), worth, signs))] <= before


@settings(deadline=None, max_examples=300)
@given(
    SIGNS,
    st.one_of(st.floats(-2.5, 4), st.sampled_from([0.0, log(0.32 / 0.68), log(2.57), log(11.5), log(2.57 / 1.4)])),
    st.floats(-4, 3),
    st.floats(0, 2),
    st.lists(st.floats(-1, 1), min_size=2, max_size=20),
)
def test_a_small_wobble_never_makes_a_flag_flicker(
    signs: list[Signal], alarm: float, loss: float, worth: float, wobble: list[float]
) -> None:
    """Around any threshold: a flag comes or goes at most once, and while it stands its severity moves at most once."""
    live: str | None = None
    states: list[str | None] = []
    for step in wobble:
        at = 1 / (1 + exp(-(alarm + WOBBLE * step)))
        chance = 1 / (1 + exp(-(loss + WOBBLE * step)))
        shaken = [Signal(s.name, s.points * (1 + 0.02 * step), s.text) for s in signs]
        live = risk.judge(at, shaken, live_severity=live, worth=worth, loss=chance).severity
        states.append(live)
    raised = sum((a is None) is not (b is None) for a, b in pairwise(states))
    moved = sum(a != b for a, b in pairwise(states) if a and b)
    assert raised <= 1
    assert moved <= 1


def test_every_kind_that_is_hard_to_turn_is_a_signal() -> None:
    """No factor hangs on a name that no rule gives."""
    assert set(HARD_TO_TURN) <= set(LABELS)


def test_severe_is_likely_lost() -> None:
    """Strong signs of a client who is not likely to leave are high; a severe flag stays down to where a flag does."""
    strong = tuple(Signal(name, 3.0, "why") for name in ("low_scores", "negative_words", "late_jobs"))
    assert risk.judge(0.97, strong, loss=0.21).severity == "severe"
    unlikely = risk.judge(0.97, strong, loss=0.09)
    assert unlikely.severity == "high"
    assert "they are not likely to leave soon" in unlikely.why
    assert risk.judge(0.97, strong, loss=0.14, live_severity="severe").severity == "severe"
    assert risk.judge(0.97, strong, loss=0.12, live_severity="severe").severity == "high"
    assert risk.judge(0.97, (Signal("leaving", 5.0, "why"),)).severity == "severe", "they say it themselves"


def test_who_has_been_away_for_long_is_no_call_for_this_week() -> None:
    """An end of months ago is moderate, and says what is left to do; words of leaving or danger are more than that."""
    away = (Signal("overdue", 3.1, "why"), Signal("low_scores", 3.0, "why"), Signal("late_jobs", 1.5, "why"))
    assert risk.judge(0.99, away, loss=0.3).severity == "severe"
    late = risk.judge(0.99, away, loss=0.06, old=True, live_severity="severe")
    assert late.severity == "moderate"
    assert "it may be too late: call once, or close it as lost" in late.why
    assert risk.judge(0.99, (*away, Signal("safety_legal", 4.0, "why")), old=True).severity == "high"
