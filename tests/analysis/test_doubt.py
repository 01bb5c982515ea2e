"""What severity, doubt, threats and danger do to a relationship's signs and flags."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships import doubt, risk, words
from analysis.relationships.assessment import Assessment, assess
from analysis.relationships.evidence import Evidence, Reading
from analysis.relationships.ladder import Before
from analysis.relationships.signals import DEFAULT_WEIGHTS, LABELS, Weights
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, loyal, rated, read
from tests.conftest import NOW

ANGRY = "Wir kündigen. Niemand hat zurückgerufen, die Daten sind weg."
INTENTS = {"leaving": 0.95, "complaint": 0.95, "callback": 0.9, "review_threat": 0.95, "safety_legal": 0.95}


def judged(evidence: Evidence, weights: Weights = DEFAULT_WEIGHTS, before: Before | None = None) -> Assessment:
    return assess(evidence, FirmUsual(), NOW, before or Before(), weights)


def beta(text: str = ANGRY, abstained: str = "language", answer_id: int = 7, **intents: float) -> Reading:
    reading = read(text, -0.95, "communication", **(intents or INTENTS))
    return replace(reading, severity=1.0, abstained=abstained, language="de", answer_id=answer_id)


@pytest.mark.parametrize("abstained", ["language", "unsure", "no language"])
def test_words_that_are_not_relied_on_raise_no_flag(abstained: str) -> None:
    """The same words flag at once when they are; in doubt they do not, however many say them."""
    sure = replace(beta(), abstained="")
    assert judged(loyal(rated(1, words=sure))).judgement.severity == "severe"
    once = judged(loyal(rated(1, words=beta(abstained=abstained))))
    assert not once.judgement.flagged
    assert 0 < once.points <= doubt.SUPPORT_POINTS + 0.01
    many = judged(loyal(*(rated(day, words=beta(abstained=abstained, answer_id=day)) for day in range(1, 6))))
    assert many.risk < 0.3


def test_doubtful_words_support_what_speaks_for_itself() -> None:
    """A lukewarm rating alone is no flag; together with such words it is, and the reason says what it rests on."""
    lukewarm = loyal(rated(1, 3, nps=6))
    assert not judged(lukewarm).judgement.flagged
    both = judged(loyal(rated(1, 3, beta(), nps=6)))
    assert both.judgement.flagged
    assert both.judgement.severity != "severe"
    reason = next(signal for signal in both.signals if signal.name == "leaving")
    assert reason.text == "Their words say that they may leave (read from German, in beta)."


def test_doubtful_words_do_not_keep_a_flag_standing() -> None:
    """What would not raise a flag does not hold one up either."""
    standing = Before(live_severity="severe")
    assert not judged(loyal(rated(1, words=beta())), before=standing).judgement.flagged


def test_doubtful_words_take_nothing_away() -> None:
    """A kind comment that may be misread does not soften what was said clearly."""
    sour = rated(20, 3, replace(read("Nobody told us anything.", aspect="communication"), answer_id=1))
    kind = rated(2, words=replace(read("Schöne Arbeit.", 0.9), abstained="language", language="de"))
    alone, after = judged(loyal(sour)), judged(loyal(sour, kind))
    negative = [
        signal.points for found in (alone, after) for signal in found.signals if signal.name == "negative_words"
    ]
    assert negative[0] == pytest.approx(negative[1])


def test_doubt_is_said_in_words() -> None:
    """Unsure, no language, and languages together."""
    evidence = loyal(
        rated(3, words=beta(complaint=0.9, answer_id=3)),
        rated(2, words=replace(beta(complaint=0.9, answer_id=2), language="es")),
    )
    signal = doubt.supported([words.complaints], evidence, NOW, lambda _name: 1.0)[0]
    assert signal.text.endswith("(read from German and Spanish, in beta).")
    for abstained, said in (("unsure", "the reading is unsure"), ("no language", "the words are hardly language")):
        unsure = loyal(rated(3, words=beta(abstained=abstained, complaint=0.9)))
        assert said in doubt.supported([words.complaints], unsure, NOW, lambda _name: 1.0)[0].text


@settings(deadline=None, max_examples=40)
@given(
    multipliers=st.dictionaries(st.sampled_from(["leaving", "complaint", "negative_words"]), st.floats(0, 3)),
    intercept=st.floats(-1.5, 1.5),
)
def test_no_weights_let_doubtful_words_raise_a_flag(multipliers: dict[str, float], intercept: float) -> None:
    """Refit weights change how much a sign weighs, not that it has to be relied on."""
    found = judged(loyal(rated(1, words=beta())), Weights(multipliers, intercept))
    quiet = judged(loyal(), Weights(multipliers, intercept))
    assert found.risk < 0.3 or quiet.risk >= 0.3


def test_grave_things_weigh_more_than_small_ones() -> None:
    """The same tone about lost data, a real failure, and something a bit slow; unknown severity changes nothing."""
    points = []
    for severity in (0.2, 0.0, 0.6, 1.0):
        found = words.negative_words(loyal(rated(2, 3, replace(read("It was bad."), severity=severity))), NOW)
        assert found is not None
        points.append(found.points)
    assert points == sorted(points)
    assert points[3] == pytest.approx(2 * points[1])
    assert points[0] == pytest.approx(0.72 * points[1])


def test_a_safety_or_legal_matter_is_at_least_high() -> None:
    """A flag with it is never moderate; said clearly it flags by itself, and it fades with a closed flag only."""
    burnt = read("Your engineer left live wires and my son was hurt.", safety_legal=0.9)
    alone = judged(loyal(rated(1, words=burnt)))
    assert alone.judgement.severity in ("high", "severe")
    least = judged(loyal(rated(1, 3, read("Is this wiring even legal?", safety_legal=0.6))))
    assert least.judgement.severity == "high"
    assert "Speaks of danger" in " ".join(signal.text for signal in least.signals)
    spoken = replace(loyal(rated(5, words=burnt)), contacted=(ago(2),))
    after = words.safety_legal(spoken, NOW)
    before = words.safety_legal(loyal(rated(5, words=burnt)), NOW)
    assert before is not None
    assert after is not None
    assert after.points < before.points
    assert words.safety_legal(loyal(rated(1, words=read("Odd.", safety_legal=0.59))), NOW) is None


def test_praise_is_neither_a_threat_nor_a_danger() -> None:
    """ "I'll tell everyone" and "you saved us from a gas leak", beside five stars, are no signs."""
    kind = read("I'll tell everyone, you found a gas leak!", 0.9, safety_legal=0.8, review_threat=0.8)
    assert words.safety_legal(loyal(rated(1, 5, kind)), NOW) is None
    assert words.review_threat(loyal(rated(1, 5, kind)), NOW) is None


def test_a_threatened_review_speaks_until_a_contact() -> None:
    """It supports a flag, quotes the threat, and rests once somebody has spoken with them."""
    evidence = loyal(rated(3, words=read("Everybody will read this on the web.", review_threat=0.9)))
    signal = words.review_threat(evidence, NOW)
    assert signal is not None
    assert signal.evidence[0].text == "Everybody will read this on the web."
    assert words.review_threat(replace(evidence, contacted=(ago(1),)), NOW) is None
    assert words.review_threat(loyal(rated(200, words=read("Bad!", review_threat=0.9))), NOW) is None


def test_the_new_signs_have_names_and_remedies() -> None:
    """Every sign that may stand on a flag has a label, and says what would clear it."""
    found = judged(loyal(rated(1, words=replace(beta(), abstained=""))))
    assert {"safety_legal", "review_threat", "leaving"} <= {signal.name for signal in found.signals} <= set(LABELS)
    for name in ("safety_legal", "review_threat"):
        lone = tuple(signal for signal in found.signals if signal.name == name)
        assert "nothing new happens." not in risk.clears_if(lone, NOW).split(";")[0]
