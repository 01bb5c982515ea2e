"""Corrected comments as rows that a model can be trained on. Words and verdicts only: no client, no contact, no job."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import Correction
from analysis.reading.corrections import standing
from analysis.reading.readings import readings_of, words_of
from survey.clock import as_utc
from survey.models import Answer


def training_rows(session: Session) -> Iterator[dict[str, Any]]:
    """One row for each comment on which a correction stands, oldest comment first.

    `text`, `question`, `rating` (1…5 or None), `label` and `aspects` (as the person has it), `said` and `said_aspects`
    (as `model` had it), `corrected_at` (ISO 8601, UTC). A correction of words that the client has changed since is
    left out: those words are gone.
    """
    corrected = select(Correction.answer_id).where(Correction.undone_at.is_(None))
    words = words_of(session, select(Answer).where(Answer.id.in_(corrected)).order_by(Answer.id))
    readings = standing(session, readings_of(session, [item.answer_id for item in words]))
    for item in words:
        reading = readings.get(item.answer_id)
        if reading is None or reading.correction is None:
            continue
        yield {
            "text": item.comment.text,
            "question": item.comment.question,
            "rating": item.comment.rating,
            "label": reading.sentiment,
            "aspects": reading.aspects,
            "model": reading.correction.model,
            "said": reading.correction.said_sentiment,
            "said_aspects": reading.correction.said_aspects,
            "corrected_at": as_utc(reading.correction.at).isoformat(),
        }
