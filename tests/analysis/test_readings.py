"""Which reading of an answer is in force."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.checks import check_reading
from analysis.metrics import count_analysis
from analysis.models import AnswerAnalysis
from analysis.reading.analysers import analyser
from analysis.reading.readings import Words, confirm_known, in_force, readings_of, store, text_hash, unread, waiting
from analysis.scoring.evidence import load_evidence
from analysis.text.analyser import Comment, Reading
from survey.config import ReadingMode, Settings
from survey.doctor import Level
from survey.firms import get_firm
from survey.models import Answer
from tests.analysis.test_assessments import KeywordAnalyser, answer_last, make_history
from tests.conftest import NOW

LATER = NOW + timedelta(hours=1)


def read(session: Session, model: str, at: datetime = NOW, *, again: bool = False) -> None:
    """Has `model` read every comment there is."""
    reader = KeywordAnalyser(model)
    for answer in session.scalars(select(Answer).where(Answer.text.is_not(None), Answer.text != "")).all():
        words = Words(answer.id, answer.response.client_id, text_hash(answer.text or ""), Comment(answer.text or ""))
        store(session, model, [(words, reader.analyse([words.comment])[0])], at, again=again)


@pytest.fixture
def comment(session: Session) -> Answer:
    return answer_last(session, make_history(session), csat=2, comment="bad work")


def test_the_newest_reading_is_in_force_everywhere(session: Session, comment: Answer) -> None:
    """Query, desk and evidence agree on one reading, and the older one is kept."""
    read(session, "older-1")
    read(session, "newer-1", LATER, again=True)
    joined = select(AnswerAnalysis.model).join(Answer, Answer.id == AnswerAnalysis.answer_id)
    assert session.scalars(joined.where(in_force())).all() == ["newer-1"]
    assert readings_of(session, [comment.id])[comment.id].model == "newer-1"
    client_id = comment.response.client_id
    responses = load_evidence(session, get_firm(session), [client_id], LATER)[client_id].responses
    assert [response.reading.text for response in responses if response.reading] == ["bad work"]
    assert len(session.scalars(select(AnswerAnalysis)).all()) == 2


def test_of_two_readings_of_one_moment_the_later_row_is_in_force(session: Session, comment: Answer) -> None:
    """There is exactly one, even with a clock that stands still."""
    read(session, "older-1")
    read(session, "newer-1", again=True)
    assert readings_of(session, [comment.id])[comment.id].model == "newer-1"


def test_a_changed_answer_has_no_reading_until_it_is_read(session: Session, comment: Answer) -> None:
    """What was read of other words is not shown beside these."""
    read(session, "older-1")
    comment.text, comment.answered_at = "good work", LATER
    session.flush()
    assert readings_of(session, [comment.id]) == {}
    assert session.scalars(select(Answer.id).where(unread())).all() == [comment.id]
    gauges = {gauge.name: gauge for gauge in count_analysis(session, LATER)}
    assert gauges["answers_awaiting_reading"].values == {"": 1}


def test_an_older_version_can_be_put_in_force_again(session: Session, comment: Answer) -> None:
    """Going back to the version before makes no third row."""
    read(session, "older-1")
    read(session, "newer-1", again=True)
    read(session, "older-1", again=True)
    assert readings_of(session, [comment.id])[comment.id].model == "older-1"
    assert len(session.scalars(select(AnswerAnalysis)).all()) == 2


def test_what_was_read_meanwhile_or_changed_meanwhile_is_left_alone(session: Session, comment: Answer) -> None:
    """A reading of words that are no longer there is not kept, nor a second one of words just read."""
    words = waiting(session, 10)
    found: list[Reading] = KeywordAnalyser("slow-1").analyse([words[0].comment])
    comment.text, comment.answered_at = "good work", LATER
    session.flush()
    assert store(session, "slow-1", [(words[0], found[0])], LATER) == set()
    read(session, "quick-1", LATER)
    fresh = Words(comment.id, words[0].client_id, text_hash("good work"), Comment("good work"))
    assert store(session, "slow-1", [(fresh, found[0])], LATER) == set()
    assert readings_of(session, [comment.id])[comment.id].model == "quick-1"


def test_a_confirmed_answer_keeps_its_reading(session: Session, comment: Answer) -> None:
    """The same words confirmed anew need no model."""
    read(session, "older-1")
    comment.answered_at = LATER
    session.flush()
    words = waiting(session, 10)
    assert confirm_known(session, words, NOW) == {comment.id}
    assert waiting(session, 10) == []


def test_doctor_says_what_an_older_version_has_read(session: Session, settings: Settings, comment: Answer) -> None:
    """Nothing to say while all is read by the present version; else how many, by which one, and what to do."""
    assert [check.name for check in check_reading(session, settings, NOW)] == ["text analyser"]
    read(session, "older-1")
    found = list(check_reading(session, settings, NOW))[-1]
    assert found.level is Level.WARN
    assert "1 are read by another version (1 by older-1)" in found.found
    assert "--dry-run" in found.advice
    read(session, analyser(ReadingMode.CASCADE).model, again=True)
    assert len(list(check_reading(session, settings, NOW))) == 1
    assert comment.text
