"""The shape of a reading, TextBlob's interface, and that no text whatsoever breaks either."""

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textblob import TextBlob

from analysis.text.analyser import ABSTENTIONS, INTENTS, SENTIMENTS, Comment, Reading
from analysis.text.reader import MODES, Reader, make_analyser
from analysis.text.textblob_analyzer import ServiceFeedbackAnalyzer

MIXED = "The staff were lovely, but the invoice was wrong. 😡 I’ll go elsewhere!"
WORDS = st.sampled_from(
    [
        "not",
        "never",
        "great",
        "but",
        "awful",
        "used",
        "to",
        "now",
        "😀",
        "“",
        "’",
        "İ",
        "\ud800",
        "\n",
        ".",
        "!",
        "muy",
        "nicht",
    ]
)
TEXTS = st.text(max_size=200) | st.lists(WORDS, max_size=40).map(" ".join)
HOSTILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(reading: Reading) -> None:
    """Everything the contract says of one reading."""
    assert reading.sentiment in SENTIMENTS
    assert reading.abstained in ABSTENTIONS
    assert -1 <= reading.score <= 1
    assert set(reading.probabilities) == {"negative", "neutral", "positive"}
    assert sum(reading.probabilities.values()) == pytest.approx(1)
    assert set(reading.intents) == set(INTENTS)
    for value in (*reading.probabilities.values(), *reading.intents.values(), reading.severity):
        assert 0 <= value <= 1
    aspects, spans, sentences = reading.aspects, reading.evidence, reading.sentences
    places = [(one.start, one.end) for one in aspects]
    places += [(one.start, one.end) for one in spans] + [(one.start, one.end) for one in sentences]
    assert all(0 <= start < end <= len(reading.text) for start, end in places)
    assert all(-1 <= span.weight <= 1 for span in reading.evidence)
    assert {mention.sentiment for mention in reading.aspects} <= {"negative", "neutral", "positive"}


def test_as_dict_is_the_contracts_json(analyser: Reader) -> None:
    """A reading becomes the JSON object that `flask text analyse` promises."""
    document = json.loads(json.dumps(analyser.analyse([Comment(MIXED)])[0].as_dict()))
    promised = "text language sentiment score probabilities aspects intents evidence model"
    assert list(document)[:9] == promised.split()
    assert document["text"] == MIXED
    assert document["model"].startswith("cascade-")
    assert set(document["aspects"][0]) == {"aspect", "sentiment", "start", "end"}
    assert set(document["evidence"][0]) == {"start", "end", "weight"}


def test_spans_point_into_the_original(analyser: Reader) -> None:
    """Offsets count the characters of the text as it was written, capitals, emoji and curly quotes included."""
    text = "“Hello” 😀 … the DRIVER was very RUDE to us, and the I’NVOICE is WRONG again"
    reading = analyser.analyse([Comment(text)])[0]
    assert any("RUDE" in text[span.start : span.end] for span in reading.evidence if span.weight < 0)


def test_evidence_points_both_ways(analyser: Reader) -> None:
    """What praises weighs above zero, what blames below."""
    text = "The engineer was lovely and very kind, but your invoice was wrong again and nobody answers."
    weights = {text[span.start : span.end]: span.weight for span in analyser.analyse([Comment(text)])[0].evidence}
    assert any(weight > 0 and "lovely" in said for said, weight in weights.items())
    assert any(weight < 0 and ("invoice" in said or "nobody" in said) for said, weight in weights.items())


def test_a_batch_reads_each_comment_as_alone(analyser: Reader) -> None:
    """Neighbours in a batch leave no trace, up to the last digits of a float, and the order is kept."""
    comments = [
        Comment("Great"),
        Comment(""),
        Comment("Awful service", rating=1),
        Comment(MIXED),
        Comment("Muy bueno todo"),
    ]
    for together, alone in zip(analyser.analyse(comments), (analyser.analyse([c])[0] for c in comments), strict=True):
        assert together.text == alone.text
        assert together.sentiment == alone.sentiment
        assert together.score == pytest.approx(alone.score, abs=0.05)
    assert analyser.analyse([]) == []


def test_judging_says_the_same_as_reading(analyser: Reader) -> None:
    """The quick way to a sentiment gives the verdict of the whole reading."""
    comments = [
        Comment(MIXED),
        Comment("Great"),
        Comment("Nobody came."),
        Comment(""),
        Comment("Nothing", "What could be better?"),
    ]
    readings = analyser.analyse(comments)
    assert [judged.sentiment for judged in analyser.judge(comments)] == [reading.sentiment for reading in readings]


@HOSTILE
@given(text=TEXTS, question=st.text(max_size=40), rating=st.none() | st.floats())
def test_no_text_breaks_it(analyser: Reader, text: str, question: str, rating: float | None) -> None:
    """Whatever is written is read, with every number and span within its bounds."""
    check(analyser.analyse([Comment(text, question, rating)])[0])


@pytest.mark.parametrize(
    "piece", ["a", "great ", "“good. ", "!", "\n", "@", "no one came, ", "喜", "😀", "\x00", "muy bien "]
)
def test_ten_thousand_characters_of_anything_are_read(fast_reader: Reader, piece: str) -> None:
    """The longest text that is kept, and one far longer, of which the beginning is read."""
    for length in (10_000, 50_000):
        check(fast_reader.analyse([Comment((piece * length)[:length])])[0])


def test_work_grows_with_the_text_and_not_faster(fast_reader: Reader) -> None:
    """Twice the text is at most twice the passages that are read alone, and a bounded number of those explains."""
    read = fast_reader.analyse([Comment("The driver was late. " * count) for count in (25, 50, 100)])
    assert [len(reading.sentences) for reading in read] == [25, 50, 100]
    assert all(len(reading.evidence) <= 6 for reading in read)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_a_textblob_analyzer(mode: str) -> None:
    """`TextBlob(text, analyzer=ServiceFeedbackAnalyzer()).sentiment` works, whichever tier reads."""
    analyzer = ServiceFeedbackAnalyzer(mode)
    assert TextBlob("The staff were not friendly or helpful.", analyzer=analyzer).sentiment.polarity < 0
    sentiment = TextBlob("Couldn't be happier!", analyzer=analyzer).sentiment
    assert sentiment.polarity > 0.5
    assert 0 <= sentiment.subjectivity <= 1
    assert sentiment.p_negative + sentiment.p_neutral + sentiment.p_positive == pytest.approx(1, abs=1e-3)


def test_an_unknown_mode_is_refused() -> None:
    """By its name, before anything is loaded."""
    with pytest.raises(ValueError, match="'slow' is none of cascade, fast, accurate"):
        make_analyser("slow")


def test_the_fast_tier_brings_no_heavy_library() -> None:
    """It reads with NumPy alone: neither onnxruntime nor TextBlob nor scikit-learn is loaded for it."""
    code = (
        "import sys; from analysis.text.reader import Reader; from analysis.text.analyser import Comment;"
        "Reader('fast').analyse([Comment('The engineer was rude to me.')]);"
        "print({'textblob', 'nltk', 'onnxruntime', 'tokenizers', 'sklearn', 'torch', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
