"""The sentences by which a firm says what a subject of its own is. No model needed: a web page can check them."""

from collections.abc import Iterable

from survey.errors import InvalidInputError

FEWEST = 3
MOST = 50
LONGEST = 300  # characters of one sentence


def cleaned(sentences: Iterable[str]) -> tuple[str, ...]:
    """The sentences without the space around them, empty ones and repetitions (whatever their case), in order.

    Raises:
        InvalidInputError: fewer than FEWEST, more than MOST, or one longer than LONGEST.
    """
    found: dict[str, str] = {}
    for sentence in sentences:
        text = " ".join(sentence.split())
        if text:
            found.setdefault(text.casefold(), text)
    kept = tuple(found.values())
    if len(kept) < FEWEST:
        raise InvalidInputError(f"Give at least {FEWEST} different sentences; {5 + FEWEST} work better.", "examples")
    if len(kept) > MOST:
        raise InvalidInputError(f"{len(kept)} sentences are too many: {MOST} are the most.", "examples")
    long = next((text for text in kept if len(text) > LONGEST), None)
    if long is not None:
        raise InvalidInputError(
            f"“{long[:40]}…” is too long: one sentence has at most {LONGEST} characters.", "examples"
        )
    return kept
