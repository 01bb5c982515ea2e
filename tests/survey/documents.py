"""Questionnaires for tests: one that asks everything, and one that is as long as they can be."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from survey.models import Questionnaire, QuestionnaireVersion
from survey.questionnaires.document import MOST_QUESTIONS
from survey.questionnaires.versions import publish
from tests.conftest import NOW

EVERY_TYPE: dict[str, Any] = {
    "format": 1,
    "language": "en",
    "questions": [
        {"key": "csat", "type": "rating", "text": {"en": "How did {staff|we} do?"}, "hint": {"en": "One tap."}},
        {
            "key": "comment",
            "type": "long_text",
            "with_previous": True,
            "text": {"en": "Anything you would like to tell us?"},
            "hint": {"en": "Optional. A few words help us most."},
            "prompts": {"1": {"en": "What went wrong?"}, "5": {"en": "What made it excellent?"}},
        },
        {"key": "ces", "type": "ces", "text": {"en": "{firm} made it easy to get what I needed."}},
        {"key": "nps", "type": "nps", "text": {"en": "How likely are you to recommend us?"}},
        {"key": "on_time", "type": "agreement", "text": {"en": "You came when you said you would."}},
        {"key": "would_return", "type": "yes_no", "text": {"en": "Would you come back to us?"}},
        {"key": "promise", "type": "promise", "text": {"en": "Did we keep our promise?"}, "hint": {"en": "Any step."}},
        {
            "key": "found",
            "type": "choice",
            "text": {"en": "How did you find us?"},
            "options": [
                {"value": 1, "text": {"en": "A friend"}},
                {"value": 2, "text": {"en": "A search on the internet"}},
                {"value": 3, "text": {"en": "The sign at the road"}},
            ],
        },
        {
            "key": "reason",
            "type": "choice",
            "text": {"en": "Why did you choose us?"},
            "hint": {"en": "What counted most."},
            "options": [
                {"value": 1, "text": {"en": "The price"}},
                {"value": 2, "text": {"en": "You are near, and could come the same day when nobody else could"}},
                {"value": 3, "text": {"en": "Something else"}, "other": True},
            ],
        },
        {
            "key": "used",
            "type": "choices",
            "text": {"en": "What do you use?"},
            "options": [
                {"value": 1, "text": {"en": "Till"}},
                {"value": 2, "text": {"en": "Card reader"}},
                {"value": 9, "text": {"en": "Another thing"}, "other": True},
            ],
        },
        {"key": "floor", "type": "short_text", "text": {"en": "On which floor were we?"}, "hint": {"en": "Or room."}},
        {
            "key": "manager_only",
            "type": "long_text",
            "text": {"en": "Is there something about {staff|our team} that a manager should know?"},
            "confidentiality": "managers",
        },
        {
            "key": "fair",
            "type": "agreement",
            "text": {"en": "I was treated with respect."},
            "confidentiality": "confidential",
        },
        {
            "key": "unsaid",
            "type": "short_text",
            "with_previous": True,
            "text": {"en": "What did you not dare to say?"},
            "confidentiality": "confidential",
        },
        {"key": "speed", "type": "rating", "text": {"en": "How quick were we?"}},
        {"key": "again", "type": "yes_no", "with_previous": True, "text": {"en": "Is the same day good next time?"}},
        {
            "key": "days",
            "type": "choices",
            "with_previous": True,
            "text": {"en": "Which days suit you?"},
            "options": [{"value": 1, "text": {"en": "Weekdays"}}, {"value": 2, "text": {"en": "The weekend"}}],
        },
        {"key": "quote", "type": "consent", "text": {"en": "May we quote you with your first name?"}},
    ],
}

LONGEST: dict[str, Any] = {
    "format": 1,
    "language": "en",
    "questions": [
        {"key": "nps", "type": "nps", "text": {"en": "How likely are you to recommend us?"}},
        *(
            {"key": f"q{number}", "type": "yes_no", "text": {"en": f"Is statement {number} true of the {{job}}?"}}
            for number in range(2, MOST_QUESTIONS + 1)
        ),
    ],
}


def make_version(
    session: Session, document: dict[str, Any], name: str = "Everything", now: datetime = NOW
) -> QuestionnaireVersion:
    """A published questionnaire that asks `document`."""
    questionnaire = Questionnaire(name=name, draft=document, created_at=now, changed_at=now)
    session.add(questionnaire)
    session.flush()
    return publish(session, questionnaire, [], None, now)
