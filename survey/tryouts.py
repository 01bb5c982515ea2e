"""Trying a questionnaire out: a signed link for a day, and what was answered so far, which travels in the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from survey.errors import InvalidInputError, NotFoundError
from survey.models import Questionnaire
from survey.questionnaires import answering, drafts, publishing
from survey.questionnaires.document import Document
from survey.questionnaires.versions import document_of

VALID = timedelta(hours=24)
LONGEST_ADDRESS = 4_000  # characters of what was answered; servers refuse addresses of about 8,000
_SHORTENED_TO = (5_000, 400, 100, 30, 0)  # characters of each text, until the whole fits


@dataclass(frozen=True)
class Tryout:
    """What a link tries out: a version, or (0) the draft as it is when the page is opened, about a kind of job."""

    questionnaire_id: int
    version: int = 0
    kind: str = ""


def sign(secret_key: str, tryout: Tryout, now: datetime) -> str:
    """The code in the link; it opens for a day."""
    ends = int((now + VALID).timestamp())
    return str(_links(secret_key).dumps([tryout.questionnaire_id, tryout.version, tryout.kind, ends]))


def open_link(secret_key: str, code: str, now: datetime) -> Tryout:
    """What the code in a link tries out.

    Raises:
        NotFoundError: we never made it, or its day is over.
    """
    try:
        questionnaire_id, version, kind, ends = _links(secret_key).loads(code)
    except BadSignature:
        raise NotFoundError("This link is not complete. Copy it again from the desk.") from None
    if now.timestamp() > ends:
        raise NotFoundError("This link was for a day, and the day is over. Make a new one on the desk.")
    return Tryout(questionnaire_id, version, kind)


def load(session: Session, tryout: Tryout) -> tuple[Questionnaire, Document]:
    """What is tried out.

    Raises:
        NotFoundError: it is gone.
    """
    row = drafts.find(session, tryout.questionnaire_id)
    if not tryout.version:
        return row, drafts.draft_of(row)
    return row, document_of(publishing.version_by_number(session, row, tryout.version))


def pack(secret_key: str, answers: Mapping[str, int | str], steps: Mapping[str, int]) -> str:
    """What was answered so far, for the address of the next page; long texts are shortened until it fits."""
    code = ""
    for longest in _SHORTENED_TO:
        code = str(_answers(secret_key).dumps([_shortened(answers, longest), dict(steps)]))
        if len(code) <= LONGEST_ADDRESS:
            break
    return code


def unpack(secret_key: str, code: str, document: Document) -> tuple[dict[str, int | str], dict[str, int]]:
    """What was answered so far, as far as the document still takes it; nothing where the code is not ours."""
    if not code:
        return {}, {}
    try:
        answers, steps = _answers(secret_key).loads(code)
    except BadSignature:
        return {}, {}
    found: dict[str, int | str] = {}
    for name, value in answers.items():
        try:
            found |= answering.checked(document, {name: value})
        except InvalidInputError:
            continue  # the draft was changed meanwhile
    return found, steps


def merged(before: Mapping[str, int | str], sent: Mapping[str, int | str]) -> dict[str, int | str]:
    """The answers after a page was sent: "" takes one away."""
    return {name: value for name, value in {**before, **sent}.items() if value != ""}


def _shortened(answers: Mapping[str, int | str], longest: int) -> dict[str, Any]:
    short = {
        name: value[:longest] + "…" if isinstance(value, str) and len(value) > longest else value
        for name, value in answers.items()
    }
    return {name: value for name, value in short.items() if value != "…"}


def _links(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="try-out")


def _answers(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="try-out answers")
