"""The shape of a reading, TextBlob's interface, and that no text whatsoever breaks either."""

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textblob import TextBlob

from analysis.text.analyser import INTENTS, SENTIMENTS, Comment, Reading, TextAnalyser
from analysis.text.lexicon import LexiconAnalyser
from analysis.text.preprocess import clauses, fold, sentence_bounds

ANALYSER = LexiconAnalyser()
MIXED = "The staff were lovely, but the invoice was wrong. 😡 I’ll go elsewhere!"
WORDS = st.sampled_from(
    ["not", "never", "great", "but", "awful", "used", "to", "now", "😀", "“", "’", "İ", "\ud800", "\n", ".", "!"]
)
TEXTS = st.text(max_size=300) | st.lists(WORDS, max_size=60).map(" ".join)


def check(reading: Reading) -> None:
    """Everything the contract says of one reading."""
    assert reading.sentiment in SENTIMENTS
    assert -1 <= reading.score <= 1
    assert set(reading.probabilities) == set(SENTIMENTS)
    assert sum(reading.probabilities.values()) == pytest.approx(1)
    assert set(reading.intents) == set(INTENTS)
    for value in (*reading.probabilities.values(), *reading.intents.values()):
        assert 0 <= value <= 1
    for start, end in [*((a.start, a.end) for a in reading.aspects), *((e.start, e.end) for e in reading.evidence)]:
        assert 0 <= start < end <= len(reading.text)
    for evidence in reading.evidence:
        assert -1 <= evidence.weight <= 1
    for mention in reading.aspects:
        assert mention.sentiment in ("negative", "neutral", "positive")


def test_as_dict_is_the_contracts_json() -> None:
    """A reading becomes the JSON object that `flask text analyse` promises."""
    document = json.loads(json.dumps(ANALYSER.analyse([Comment(MIXED)])[0].as_dict()))
    expected = "text language sentiment score probabilities aspects intents evidence model"
    assert list(document) == expected.split()
    assert document["text"] == MIXED
    assert document["model"] == "lexicon-1"
    assert set(document["aspects"][0]) == {"aspect", "sentiment", "start", "end"}
    assert set(document["evidence"][0]) == {"start", "end", "weight"}


def test_spans_point_into_the_original() -> None:
    """Offsets count the characters of the text as it was written, capitals, typos and curly quotes included."""
    text = "“Excelent” work… the I’NVOICE wasn’t HELPFUL 😀"
    quotes = {text[span.start : span.end] for span in ANALYSER.analyse([Comment(text)])[0].evidence}
    assert "Excelent" in quotes
    assert "wasn’t HELPFUL" in quotes


def test_evidence_points_the_right_way() -> None:
    """Words of praise weigh above zero, words of blame below."""
    reading = ANALYSER.analyse([Comment(MIXED)])[0]
    weights = {MIXED[span.start : span.end]: span.weight for span in reading.evidence}
    assert weights["lovely"] > 0
    assert weights["wrong"] < 0


def test_one_reading_for_each_comment_in_order() -> None:
    """A batch keeps its order and reads each comment as it would alone."""
    analyser: TextAnalyser = ANALYSER
    comments = [Comment("Great"), Comment(""), Comment("Awful", rating=1)]
    assert analyser.analyse(comments) == [analyser.analyse([comment])[0] for comment in comments]
    assert analyser.analyse([]) == []


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, question=st.text(max_size=40), rating=st.none() | st.floats())
def test_no_text_breaks_it(text: str, question: str, rating: float | None) -> None:
    """Whatever is written is read, with every number and span within its bounds."""
    check(ANALYSER.analyse([Comment(text, question, rating)])[0])


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_offsets_survive_preprocessing(text: str) -> None:
    """Folding keeps the length, sentences cover the text, and words lie where they say."""
    assert len(fold(text)) == len(text)
    bounds = sentence_bounds(text)
    assert [start for start, _ in bounds] == [0, *(end for _, end in bounds[:-1])][: len(bounds)]
    assert (bounds[-1][1] if bounds else 0) == len(text)
    spans = [(token.start, token.end) for clause in clauses(text) for token in clause.tokens]
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    "piece", ["a", "great ", "not ", "“good. ", "!", "\n", "@", "used to ", "waiting ", "no one ", "喜", "😀", "\x00"]
)
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    """Ten thousand characters of anything are read within a fraction of a second, four times that in proportion."""
    check(ANALYSER.analyse([Comment((piece * 10_000)[:10_000])])[0])
    begun = time.process_time()
    ANALYSER.analyse([Comment((piece * 10_000)[:10_000])])
    short = time.process_time() - begun
    begun = time.process_time()
    ANALYSER.analyse([Comment((piece * 40_000)[:40_000])])
    assert time.process_time() - begun < 4 * 3 * short + 0.5


def test_textblob_takes_it_as_its_analyzer() -> None:
    """`TextBlob(text, analyzer=LexiconAnalyser())` works, for the blob and for its sentiment."""
    assert TextBlob("The staff were not friendly or helpful.", analyzer=ANALYSER).sentiment.polarity < 0
    sentiment = TextBlob("Couldn't be happier!", analyzer=ANALYSER).sentiment
    assert sentiment.polarity > 0.5
    assert 0 <= sentiment.subjectivity <= 1


def test_importing_it_brings_neither_textblob_nor_nltk() -> None:
    """A web process that imports the analyser does not pay for what only the worker uses."""
    code = "import sys, analysis.text.lexicon; print({'textblob', 'nltk', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
