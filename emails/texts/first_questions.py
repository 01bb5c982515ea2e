"""The emails of one questionnaire as a made-up person would get them: its first question in the firm's texts."""

from datetime import datetime

from sqlalchemy.orm import Session

from emails.leads import Lead
from emails.letters import Letter, Links, Sort, escaped, write_letter
from emails.texts.built_in import TextKind
from emails.texts.previews import SAMPLE, values_for
from emails.texts.versions import texts_in_force, wording_of
from survey.firms import get_firm


def letter_about(
    session: Session, lead: Lead, kind: TextKind, language: str, survey_url: str, base_url: str, now: datetime
) -> Letter:
    """The finished letter; its ratings lead to `survey_url`. Nobody is written to."""
    firm = get_firm(session)
    values = values_for(session, firm, language, SAMPLE, now)
    words = wording_of(texts_in_force(session), kind, language)
    sort = Sort(kind, language, lead.scale, lead.asked)
    return write_letter(sort, words, firm, values, escaped(values), Links(survey_url, survey_url), base_url)
