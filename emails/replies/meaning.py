"""What kind of email came back: a machine's, a wish to stop, a rating, words. Pure.

Automatic replies are known by RFC 3834 (`Auto-Submitted`), the older headers beside it, and the words that mail
programs put into the subject. A rating is taken from a reply only where it names its scale ("4/5", "4 out of 5") and
says nothing else: a bare "1" is the best school mark in Germany and the worst rating in the survey.
"""

import re
from collections.abc import Mapping

from emails.replies import phrases

_AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-mailer-autoreply", "x-failed-recipients")
_BULK = frozenset({"auto_reply", "auto-reply", "bulk", "junk", "list"})
_MACHINES = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|daemon)([+.-][^@]*)?@")
_AWAY_BEGINS_WITHIN = 200  # characters: later in a letter, the same words are part of somebody's story

_STOP_SUBJECT = re.compile(r"\s*(unsubscribe|stop|abmelden|baja|désabonner|descadastrar|afmelden)\s*", re.IGNORECASE)
_ONLY_ALONE = frozenset({"parar", "remover", "arrêt", "stoppen"})  # inside a letter these are words like others
_MOST_WORDS_OF_A_WISH = 14  # a sentence that asks to stop is short


def is_automatic(headers: Mapping[str, str], sender: str, subject: str, words: str) -> str | None:
    """Why this email is a machine's, or None for a person's. `headers` have names in lower case."""
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return f"Its header says that it was {submitted}."
    if any(name in headers for name in _AUTOMATIC_HEADERS):
        return "Its headers say that a machine answered."
    if headers.get("precedence", "").strip().lower() in _BULK or "list-id" in headers:
        return "It is bulk mail."
    if headers.get("return-path", "x").strip() == "<>" or headers.get("content-type", "").startswith(
        "multipart/report"
    ):
        return "It is a report of a mail server."
    if _MACHINES.match(sender):
        return "A machine’s address sent it."
    if phrases.AUTOMATIC_SUBJECT.match(subject):
        return "Its subject says that it is an automatic reply."
    away = phrases.AWAY.search(words)
    if away is not None and away.start() <= _AWAY_BEGINS_WITHIN:
        return "It says that its writer is away."
    return None


def wants_to_stop(subject: str, words: str) -> bool:
    """Whether the sender asks not to be asked any more: the whole reply says so, or one short sentence of it."""
    plain = _plain(words)
    if plain in phrases.STOP_WORDS or (not plain and _STOP_SUBJECT.fullmatch(subject)):
        return True
    if _STOP_SUBJECT.fullmatch(subject) and len(plain.split()) <= _MOST_WORDS_OF_A_WISH:
        return True
    return any(_is_wish(sentence) for sentence in _sentences(words))


def without_wish(words: str) -> str:
    """What else is said beside the wish to stop."""
    if _plain(words) in phrases.STOP_WORDS:
        return ""
    return " ".join(s for s in _sentences(words) if not _is_wish(s) and _plain(s) not in phrases.STOP_WORDS).strip()


def rating(words: str) -> int | None:
    """The rating on 1…5 that the whole reply is, with its scale named; None for anything else."""
    found = phrases.RATING.fullmatch(words.strip().rstrip(".! "))
    return int(found["rating"]) if found else None


def _is_wish(sentence: str) -> bool:
    plain = _plain(sentence)
    if plain in phrases.STOP_WORDS and plain not in _ONLY_ALONE:
        return True
    return len(plain.split()) <= _MOST_WORDS_OF_A_WISH and bool(
        phrases.STOP_SENTENCE.match(sentence.strip(" \"'“”-–*"))
    )


def _sentences(words: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?…])\s+|\n+", words) if part.strip()]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s'’-]", " ", text).casefold().split())
