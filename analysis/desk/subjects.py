"""The page of subjects: what the trials of the firm's own found, in the clients' words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import OwnAspect
from analysis.reading.readings import text_hash
from survey.models import Answer, Client, SurveyResponse

AROUND = 120  # characters shown before and after the part that speaks of the subject


@dataclass(frozen=True, kw_only=True)
class Found:
    """A recent comment that a trial found: the part that speaks of the subject, what is around, how surely (0.5…1)."""

    client: Client
    before: str
    part: str
    after: str
    strength: float

    @property
    def sure(self) -> str:
        """The strength as people say it; 0.9 is a comment as near as the examples are to each other."""
        return "clearly" if self.strength >= 0.9 else "probably" if self.strength >= 0.7 else "perhaps"


def found_in(session: Session, rows: Sequence[OwnAspect]) -> dict[int, list[Found]]:
    """What the trials of these subjects found, by the subject's id; comments that changed since are left out."""
    mentions = {row.id: list((row.trial or {}).get("mentions", [])) for row in rows if row.tried_at}
    ids = {mention["answer_id"] for each in mentions.values() for mention in each}
    said_by = session.execute(
        select(Answer.id, Answer.text, Client)
        .join(Answer.response)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(Answer.id.in_(ids))
    )
    answers = {answer_id: (text or "", client) for answer_id, text, client in said_by}
    return {
        subject_id: [
            _found(*said, mention)
            for mention in each
            if (said := answers.get(mention["answer_id"])) and text_hash(said[0]) == mention["text_hash"]
        ]
        for subject_id, each in mentions.items()
    }


def _found(text: str, client: Client, mention: dict[str, Any]) -> Found:
    start, end = int(mention["start"]), int(mention["end"])
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return Found(
        client=client,
        before=("…" if start > AROUND else "") + before,
        part=text[start:end],
        after=after + ("…" if len(text) > end + AROUND else ""),
        strength=float(mention["strength"]),
    )
