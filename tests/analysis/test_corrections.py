"""A person's word against a reading: kept, in force for the words it was said of, taken back, exported."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.desk.confusion import confusion, corrections_page
from analysis.models import AnswerAnalysis, Correction
from analysis.reading.corrections import correct, standing, undo_correction
from analysis.reading.readings import readings_of, text_hash
from analysis.reading.training_rows import training_rows
from analysis.scoring.evidence import load_evidence
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.models import Client
from survey.people import create_person
from tests.analysis.desk_rows import COMMENT, make_hurt_client, make_reading
from tests.conftest import NOW

PRICE = {"aspect": "price_billing", "sentiment": "negative", "start": 0, "end": 0}
LATER = NOW + timedelta(minutes=5)


def _reading(session: Session) -> AnswerAnalysis:
    """A reading in force of COMMENT: mixed, staff attitude spoken of well."""
    make_hurt_client(session)
    return session.scalars(select(AnswerAnalysis)).one()


def _correct(session: Session, reading: AnswerAnalysis, **values: Any) -> Correction:
    defaults = {"sentiment": reading.sentiment, "aspects": reading.aspects, "user_id": None, "now": LATER}
    return correct(session, reading.answer, reading, **{**defaults, **values})


def test_a_correction_keeps_what_was_said_and_what_is_right(session: Session) -> None:
    """What was right stays None; the client is to be scored again; the reading itself is untouched."""
    reading = _reading(session)
    user = create_person(session, "ana@brightside.example", "manager", NOW, name="Ana")
    version = session.get_one(Client, reading.client_id).evidence_version
    done = _correct(session, reading, sentiment="negative", note=" Ironic. ", user_id=user.id)
    session.expire_all()
    assert (done.said_sentiment, done.sentiment, done.aspects, done.note) == ("mixed", "negative", None, "Ironic.")
    assert (done.model, done.text_hash, done.user) == ("lexicon-1", text_hash(COMMENT), user)
    assert reading.sentiment == "mixed"
    assert session.get_one(Client, reading.client_id).evidence_version == version + 1
    unknown = select(func.count(Correction.id)).where(Correction.aspects.is_(None))
    assert session.scalar(unknown) == 1, "no JSON null in the place of NULL"


@pytest.mark.parametrize(
    ("word", "score", "spans", "severity"),
    [("negative", -0.5, 1, 0.8), ("positive", 0.5, 1, 0.0), ("neutral", 0.0, 0, 0.0)],
)
def test_the_persons_word_decides_the_score(
    session: Session, word: str, score: float, spans: int, severity: float
) -> None:
    """Its sign, the spans that speak for it, and whether anything went wrong."""
    reading = _reading(session)
    _correct(session, reading, sentiment=word)
    stands = standing(session, {reading.answer_id: reading})[reading.answer_id]
    assert (stands.sentiment, stands.score, len(stands.evidence), stands.severity) == (word, score, spans, severity)


def test_corrected_subjects_take_the_place_of_the_models(session: Session) -> None:
    """A person who looked is sure, and their mixed is at most a little one way."""
    reading = _reading(session)
    reading.abstained = "unsure"
    before = standing(session, {reading.answer_id: reading})[reading.answer_id]
    assert (before.abstained, before.score) == ("unsure", -0.5)
    _correct(session, reading, aspects=[PRICE])
    stands = standing(session, {reading.answer_id: reading})[reading.answer_id]
    assert (stands.aspects, stands.sentiment, stands.abstained) == ([PRICE], "mixed", "")
    reading.sentiment = "negative"
    _correct(session, reading, sentiment="mixed", aspects=[PRICE], now=LATER + timedelta(minutes=1))
    assert standing(session, {reading.answer_id: reading})[reading.answer_id].score == -0.3


def test_the_latest_correction_stands_and_undo_brings_back_the_one_before(session: Session) -> None:
    """Each is kept; taken back twice is a conflict."""
    reading = _reading(session)

    def sentiment() -> str:
        return standing(session, {reading.answer_id: reading})[reading.answer_id].sentiment

    first = _correct(session, reading, sentiment="negative")
    second = _correct(session, reading, sentiment="positive", now=LATER + timedelta(minutes=1))
    assert sentiment() == "positive"
    undo_correction(session, second, LATER + timedelta(minutes=2))
    assert sentiment() == "negative"
    with pytest.raises(ConflictError):
        undo_correction(session, second, LATER)
    undo_correction(session, first, LATER)
    assert sentiment() == "mixed"
    assert session.scalar(select(func.count(Correction.id))) == 2


def test_what_changes_nothing_is_refused(session: Session) -> None:
    """As are words that do not exist; but going back to what the model said is a change."""
    reading = _reading(session)
    with pytest.raises(InvalidInputError, match="Nothing was changed"):
        _correct(session, reading)
    for bad in ({"sentiment": "sad"}, {"aspects": [{**PRICE, "sentiment": "mixed"}]}, {"note": "x" * 2001}):
        with pytest.raises(InvalidInputError):
            _correct(session, reading, **bad)
    _correct(session, reading, sentiment="negative")
    again = _correct(session, reading, now=LATER + timedelta(minutes=1))
    assert (again.sentiment, again.aspects) == (None, None)
    assert standing(session, {reading.answer_id: reading})[reading.answer_id].sentiment == "mixed"


def test_a_changed_comment_makes_its_correction_history(session: Session) -> None:
    """The old word is not put on new words, and an old page cannot correct them."""
    reading = _reading(session)
    _correct(session, reading, sentiment="negative")
    answer = reading.answer
    answer.text = f"{COMMENT} Thanks anyway."
    with pytest.raises(ConflictError, match="changed meanwhile"):
        _correct(session, reading, sentiment="positive")
    answer.answered_at = LATER + timedelta(hours=1)
    reading.model = "lexicon-0"
    make_reading(session, answer, reading.client_id, LATER + timedelta(hours=2))
    now = readings_of(session, [answer.id])
    assert standing(session, now)[answer.id].sentiment == "mixed"
    assert list(training_rows(session)) == []
    assert corrections_page(session).table.total == 1, "what was said of the old words is still counted"


def test_the_scoring_goes_by_the_persons_word(session: Session) -> None:
    """Sentiment, score and aspects that the rules read are the corrected ones."""
    reading = _reading(session)
    _correct(session, reading, sentiment="positive", aspects=[{**PRICE, "sentiment": "positive"}])
    evidence = load_evidence(session, get_firm(session), [reading.client_id], LATER + timedelta(days=1))
    found = evidence[reading.client_id].responses[0].reading
    assert found is not None
    assert (found.sentiment, found.score, found.severity) == ("positive", 0.5, 0.0)
    assert found.aspects == (("price_billing", "positive", 0, 0),)
    assert all(weight > 0 for _, _, weight in found.evidence)


def test_the_table_counts_the_last_word_on_each_comment(session: Session) -> None:
    """Per version; what was taken back does not count; only-subjects corrections lie on the diagonal."""
    reading = _reading(session)
    _correct(session, reading, sentiment="negative")
    _correct(session, reading, sentiment="positive", now=LATER + timedelta(minutes=1))
    make_hurt_client(session, "Second")
    other = session.scalars(select(AnswerAnalysis).where(AnswerAnalysis.id != reading.id)).one()
    other.model = "lexicon-2"
    _correct(session, other, aspects=[PRICE])
    page = corrections_page(session)
    assert page.models == ["lexicon-1", "lexicon-2"]
    assert page.table.cells == {("mixed", "positive"): 1, ("mixed", "mixed"): 1}
    assert (page.table.total, page.table.agreement, page.page.total) == (2, 0.5, 3)
    assert corrections_page(session, "lexicon-2").table.cells == {("mixed", "mixed"): 1}


def test_rows_and_columns_add_up() -> None:
    """Totals of a small table by hand; without corrections there is no agreement to speak of."""
    table = confusion([("negative", "negative"), ("negative", "mixed"), ("positive", "mixed")])
    assert (table.row("negative"), table.row("neutral"), table.column("mixed"), table.total) == (2, 0, 2, 3)
    assert confusion([]).agreement is None


def test_training_rows_hold_words_and_verdicts_and_nobodys_name(session: Session) -> None:
    """Text, question, rating, label, aspects, model, what was said, when; only what stands."""
    reading = _reading(session)
    taken_back = _correct(session, reading, sentiment="negative")
    _correct(session, reading, sentiment="neutral", aspects=[PRICE], now=LATER + timedelta(minutes=1))
    undo_correction(session, taken_back, LATER)
    (row,) = training_rows(session)
    assert row == {
        "text": COMMENT,
        "question": "What went wrong, and what should we put right?",
        "rating": 2.0,
        "label": "neutral",
        "aspects": [PRICE],
        "model": "lexicon-1",
        "said": "mixed",
        "said_aspects": reading.aspects,
        "corrected_at": "2026-03-10T12:06:00+00:00",
    }
