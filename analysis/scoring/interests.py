"""What a client cares about, as the firm has noted it: one tie more between the two."""

from sqlalchemy.orm import Session

from survey.errors import InvalidInputError
from survey.models import Client

MOST_INTERESTS, LONGEST_INTEREST = 12, 80


def interests_of(text: str) -> list[str]:
    """The interests in a text, one a line, each once; blank lines are none.

    Raises:
        InvalidInputError: too many, or one too long; the message says what to do.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if words := " ".join(line.split()):
            found.setdefault(words.casefold(), words)
    if len(found) > MOST_INTERESTS:
        raise InvalidInputError(f"Please keep to the {MOST_INTERESTS} that matter most.", "interests")
    if any(len(words) > LONGEST_INTEREST for words in found.values()):
        raise InvalidInputError(f"Please keep each line under {LONGEST_INTEREST} characters.", "interests")
    return list(found.values())


def note_interests(session: Session, client: Client, text: str) -> str:
    """Keep what the client cares about, one a line; returns what was noted before, so that it can be put back.

    Raises:
        InvalidInputError: see `interests_of`.
    """
    before, client.interests = client.interests, "\n".join(interests_of(text))
    if before != client.interests:
        client.add_evidence()
        session.flush()
    return before
