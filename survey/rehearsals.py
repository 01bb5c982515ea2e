"""A questionnaire as a client would see it, with nobody asked and nothing stored: for previews and try-outs."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from survey import languages
from survey.asking.schedule import zone_for
from survey.firms import get_firm
from survey.pages import Occasion, Survey
from survey.promise import promise_steps
from survey.questionnaires.document import Document
from survey.responses import NOTHING_YET
from survey.speech import said_day


def rehearsal(
    session: Session,
    document: Document,
    language: str,
    now: datetime,
    answers: Mapping[str, int | str] | None = None,
    steps: Mapping[str, int] | None = None,
    *,
    kind: str = "",
) -> Survey:
    """The questionnaire as its client would see it, about a made-up job of this kind. Its token is empty."""
    firm, _ = get_firm(session), languages.translator(language)
    today = now.astimezone(zone_for("", firm.timezone)).date()
    closes = today + timedelta(days=firm.expire_after_days)
    occasion = Occasion(
        title=_("Your job"),
        kind=kind,
        finished_on=said_day(today, language, today.year),
        closes_on=said_day(closes, language, today.year),
        staff="Ana Xu",
        first_names="Ana",
        reader=_("%(who)s from %(firm)s", who=_("Someone"), firm=firm.name),
    )
    return Survey(
        token="",
        now=now,
        firm=firm,
        document=document,
        language=language,
        occasion=occasion,
        invitation=None,
        response=None,
        version=NOTHING_YET,
        answers=answers or {},
        steps=steps or {},
        promise=promise_steps(firm.promise),
    )
