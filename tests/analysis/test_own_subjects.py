"""A firm's own subjects: rows, trials by the worker, readings that name them, and reasons in the firm's words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, OwnAspect
from analysis.reading import subjects
from analysis.reading.analysers import analyser_with, embedder, taught
from analysis.reading.subject_trials import keep_trial, recent_comments, tried, untried
from analysis.relationships.words import negative_words
from analysis.scoring.evidence import load_evidence
from analysis.tasks import read_answers, try_subject
from analysis.text.analyser import AspectMention, Comment, Reading, TextAnalyser
from analysis.text.own_aspects import Array, OwnAspects
from survey.config import ReadingMode
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.firms import get_firm
from survey.models import Answer
from tests.analysis.test_assessments import KeywordAnalyser, answer_last, make_history
from tests.analysis.text.test_own_aspects import DOGS, PARKING, embed
from tests.conftest import NOW

LATER = NOW + timedelta(hours=1)
MIXED = ("The man plays piano.", "Blue roses by Friday.", "Zebra crossing", "Seven cheap lamps")


@dataclass
class AbleAnalyser(KeywordAnalyser):
    """The tiny analyser, able to read a firm's own subjects."""

    own: OwnAspects | None = None
    space: str = "words"

    def embed(self, texts: Sequence[str]) -> Array:
        return embed(texts)

    def with_own(self, own: OwnAspects) -> TextAnalyser:
        return replace(self, own=own, model=f"{self.model}+{own.version}")

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        found = super().analyse(comments)
        if self.own is None:
            return found
        mentioned = self.own.mentions([comment.text for comment in comments])
        return [
            replace(
                reading,
                aspects=tuple(AspectMention(name, "negative", 0, len(reading.text)) for name, _ in names),
            )
            for reading, names in zip(found, mentioned, strict=True)
        ]


def parking(session: Session) -> OwnAspect:
    row = subjects.add_subject(session, "Parking & access", PARKING, NOW)
    session.commit()
    return row


def test_a_subject_is_added_with_a_key_of_its_own(session: Session) -> None:
    """The key is plain letters, free, and stays when the name changes; other alphabets get one too."""
    row = parking(session)
    assert row.key == "parking_access"
    assert subjects.change_subject(session, row, "Car park", PARKING, LATER)
    assert (row.key, row.name) == ("parking_access", "Car park")
    assert subjects.add_subject(session, "Parking: access!", DOGS, NOW).key == "parking_access_2"
    assert subjects.add_subject(session, "停车", DOGS, NOW).key == "subject"
    assert subjects.add_subject(session, "Follow up", DOGS, NOW).key == "follow_up_2"  # not the built-in one's


@pytest.mark.parametrize(
    ("name", "field"), [("", "name"), ("n" * 41, "name"), ("reception", "name"), ("PARKING & access", "name")]
)
def test_a_name_is_needed_and_must_be_free(session: Session, name: str, field: str) -> None:
    """Neither empty, too long, built in nor taken."""
    parking(session)
    with pytest.raises(InvalidInputError) as caught:
        subjects.add_subject(session, name, DOGS, NOW)
    assert caught.value.field == field


def test_examples_are_tidied_and_counted(session: Session) -> None:
    """Space, empty lines and repetitions do not count."""
    row = subjects.add_subject(session, "Dogs", ["  My   dog. ", "", "my dog.", "A dog!", "Dogs?"], NOW)
    assert row.examples == ["My dog.", "A dog!", "Dogs?"]
    with pytest.raises(InvalidInputError, match="at least 3"):
        subjects.change_subject(session, row, "Dogs", ["One dog."], NOW)


def test_a_change_is_taken_back_once(session: Session) -> None:
    """Undo brings back name and examples, unless somebody changed it again."""
    row = parking(session)
    assert not subjects.change_subject(session, row, row.name, PARKING, LATER)
    subjects.change_subject(session, row, "Cars", DOGS, LATER)
    with pytest.raises(ConflictError):
        subjects.undo_change(session, row, NOW.isoformat(), LATER)
    subjects.undo_change(session, row, LATER.isoformat(), LATER)
    assert (row.name, tuple(row.examples)) == ("Parking & access", PARKING)
    with pytest.raises(ConflictError):
        subjects.undo_change(session, row, LATER.isoformat(), LATER)


def test_an_archived_subject_keeps_its_name_for_old_readings(session: Session) -> None:
    """It is read no more, cannot be changed, and comes back once."""
    row = parking(session)
    subjects.archive_subject(session, row, LATER)
    assert subjects.own_names(session) == {"parking_access": "Parking & access"}
    assert untried(session) is None
    with pytest.raises(ConflictError):
        subjects.archive_subject(session, row, LATER)
    with pytest.raises(ConflictError):
        subjects.change_subject(session, row, "Cars", PARKING, LATER)
    subjects.restore_subject(session, row, LATER)
    assert untried(session) is not None
    with pytest.raises(ConflictError):
        subjects.restore_subject(session, row, LATER)
    with pytest.raises(NotFoundError):
        subjects.subject_by_id(session, 999)


def test_the_worker_tries_a_subject_on_recent_comments(session: Session) -> None:
    """It counts the comments, keeps places and no words, and from then on the subject is read."""
    answer_last(session, make_history(session), csat=2, comment="bad work. The parking was full, too.")
    answer_last(session, make_history(session, name="Other", ref="C9"), csat=4, comment="good work")
    session.commit()
    read_answers(lambda _examples, _calibration: KeywordAnalyser())
    row = parking(session)
    assert subjects.in_force(session) == ()
    session.commit()
    assert try_subject(AbleAnalyser) == 1
    assert try_subject(AbleAnalyser) == 0
    session.expire_all()
    assert row.trial is not None
    assert (row.trial["read"], row.trial["found"]) == (2, 1)
    [mention] = row.trial["mentions"]
    text = session.get_one(Answer, mention["answer_id"]).text or ""
    assert "parking" in text[mention["start"] : mention["end"]]
    assert "parking" not in str(mention)
    assert subjects.in_force(session) == (("parking_access", PARKING),)


def test_examples_with_nothing_in_common_are_said_to_be_of_no_use(session: Session) -> None:
    """The trial keeps the reason, and the subject is not read."""
    row = subjects.add_subject(session, "Mixed", MIXED, NOW)
    session.commit()
    assert try_subject(AbleAnalyser) == 1
    session.expire_all()
    assert "too little in common" in str(row.trial)
    assert subjects.in_force(session) == ()


def test_a_trial_of_examples_that_were_changed_meanwhile_is_not_kept(session: Session) -> None:
    """What was found by other sentences says nothing of these."""
    row = parking(session)
    wanted = untried(session)
    assert wanted is not None
    trial = tried(wanted, AbleAnalyser(), recent_comments(session))
    subjects.change_subject(session, row, row.name, DOGS, LATER)
    assert not keep_trial(session, wanted, trial, LATER)
    assert row.tried_at is None


def test_without_a_model_that_can_the_subject_waits(session: Session) -> None:
    """In mode fast nothing is tried, and the analyser is the one without own subjects."""
    parking(session)
    assert try_subject(lambda: None) == 0
    assert embedder(ReadingMode.FAST) is None
    assert "+" not in analyser_with(ReadingMode.FAST, (("parking_access", PARKING),)).model


def test_readings_name_the_firms_own_subjects(session: Session) -> None:
    """The worker reads with the examples in force; the version says which; the reason uses the firm's name."""
    contact = make_history(session)
    row = parking(session)
    try_subject(AbleAnalyser)
    comment = answer_last(session, contact, csat=1, comment="bad parking")
    session.commit()
    assert read_answers(lambda examples, _calibration: taught(AbleAnalyser(), examples)) == 1
    session.expire_all()
    reading = session.scalars(select(AnswerAnalysis).where(AnswerAnalysis.answer_id == comment.id)).one()
    assert [mention["aspect"] for mention in reading.aspects] == [row.key]
    assert reading.model.startswith("keyword-1+")
    evidence = load_evidence(session, get_firm(session), [contact.client_id], LATER)[contact.client_id]
    signal = negative_words(evidence, LATER)
    assert signal is not None
    assert signal.text == "Unhappy with Parking & access."


def test_a_subject_that_a_new_model_can_make_nothing_of_does_not_stop_the_others(session: Session) -> None:
    """It is left out; comments go on being read."""
    reader = taught(AbleAnalyser(), (("mixed", MIXED), ("parking", PARKING)))
    assert [mention.aspect for mention in reader.analyse([Comment("bad parking")])[0].aspects] == ["parking"]
