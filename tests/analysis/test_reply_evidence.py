"""A client who wrote on the page and by email: what both say together about the relationship."""

import pytest
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis
from analysis.scoring.evidence import load_evidence
from survey.firms import get_firm
from tests.conftest import NOW
from tests.factories import make_response


@pytest.mark.parametrize("first", [-0.8, 0.9])
def test_the_worst_of_a_comment_and_its_replies_counts(session: Session, first: float) -> None:
    """Thanks by email after a complaint on the page, or a complaint after thanks: the complaint stays evidence."""
    response = make_response(session, csat=2, comment="On the page.", reply="By email.")
    scores = {"comment": first, "reply": 0.1 if first < 0 else -0.8}
    for answer in response.answers:
        if answer.text:
            session.add(
                AnswerAnalysis(
                    answer_id=answer.id,
                    client_id=response.client_id,
                    model="m",
                    text_hash="0" * 64,
                    language="en",
                    sentiment="negative" if scores[answer.question] < 0 else "positive",
                    score=scores[answer.question],
                    probabilities={},
                    aspects=[],
                    intents={},
                    evidence=[],
                    sentences=[],
                    severity=0.0,
                    abstained="",
                    analysed_at=NOW,
                )
            )
    session.flush()
    (found,) = load_evidence(session, get_firm(session), [response.client_id], NOW)[response.client_id].responses
    assert found.reading is not None
    assert found.reading.score == -0.8
