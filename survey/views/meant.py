"""Asks once whether the score was meant, where the words beside it sound different: an offer on the next page.

It never blocks: one tap changes the score, one keeps it, and so does going on. What was asked and kept is evidence.
"""

from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.models import SurveyEvent, SurveyEventKind
from survey.pages import FIRST, Survey
from survey.questionnaires.mismatch import better_fit
from survey.questionnaires.words import number_in_words
from survey.views.survey_pages import Link, Meant

ASKED, KEPT = "asked", "kept"


def asks(session: Session, survey: Survey) -> bool:
    """Whether to ask now: the words speak for the other end of the scale, and it was not asked before."""
    if survey.invitation is None or _fit(survey) is None:
        return False
    seen = session.scalars(
        select(SurveyEvent.details).where(
            SurveyEvent.invitation_id == survey.invitation.id, SurveyEvent.kind == SurveyEventKind.SHOWN
        )
    )
    return not any(details.get("meant") for details in seen)


def offered(survey: Survey, link: Link) -> Meant | None:
    """The offer that the address of this page asks for, as long as score and words do not fit."""
    value, lead = _fit(survey), survey.lead
    if value is None or "meant" not in request.args:
        return None
    words, had = (
        number_in_words(lead, number, survey.language, survey.document.language, survey.translate)
        for number in (value, int(survey.answers[lead.key]))
    )
    return Meant(action=link(FIRST), version=survey.version, key=lead.key, value=value, words=words, had=had)


def evidence(survey: Survey) -> dict[str, Any]:
    """What the showing of this page tells about it."""
    if "meant" in request.args and _fit(survey) is not None:
        return {"meant": ASKED}
    return {"meant": KEPT} if "kept" in request.args else {}


def _fit(survey: Survey) -> int | None:
    return better_fit(survey.answers, survey.lead.key, survey.language)
