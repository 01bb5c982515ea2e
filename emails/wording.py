"""What a firm may write in its emails: plain text with named places for a person's own values. Pure.

`{staff}` is a place, `{staff|our team}` one that says what stands there when nobody is known. Nothing else in a text
means anything: no code, no markup, no other template language. Reading a text keeps every character of it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from urllib.parse import urlsplit

from markupsafe import Markup, escape

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "The contact’s first name",
        "name": "The contact’s whole name",
        "firm": "Your firm’s name",
        "job": "What the job was about, else its kind",
        "kind": "The kind of work",
        "staff": "Who did it, by first name",
        "finished_on": "The day the job was finished",
        "closes_on": "The last day to answer",
    }
)
MAY_BE_EMPTY = frozenset({"first_name", "name", "job", "kind", "staff"})

_PLACE = re.compile(r"(?<!\{)\{ *([^\W\d_][\w -]{0,39}?) *(?:\|([^{}\n]*))?\}(?!\})")
_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"“”„«»{}|\\^`]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]'’"
_BREAK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BEGINS = (".", "!", "?", ":", "\n", "“", "„", "«", "»", '"', "(", "¿", "¡", "…")


@dataclass(frozen=True)
class Place:
    """A named place. `instead` stands there when the person has no such value; None: nothing was written for that."""

    name: str
    instead: str | None
    source: str

    @property
    def is_known(self) -> bool:
        return self.name in PLACES


Part = str | Place


@dataclass(frozen=True)
class Wording:
    """What a firm may word itself of one email; the rest is the frame, and ours."""

    subject: str
    opening: str
    closing: str

    @property
    def is_empty(self) -> bool:
        return not (self.subject or self.opening or self.closing)

    def items(self) -> tuple[tuple[str, str], ...]:
        """(field, text), in the order of reading."""
        return (("subject", self.subject), ("opening", self.opening), ("closing", self.closing))


def cleaned(subject: str, opening: str, closing: str) -> Wording:
    """What a form or a file sent: line feeds alone, no control characters, a subject of one line."""
    texts = [_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip() for text in (opening, closing)]
    return Wording(" ".join(_CONTROL.sub(" ", subject).split()), *texts)


def parse(text: str) -> list[Part]:
    """The literal parts and the places of `text`, known or not. Any text can be read; `source_of` gives it back."""
    parts: list[Part] = []
    end = 0
    for found in _PLACE.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(Place(found[1], found[2].strip() if found[2] is not None else None, found[0]))
        end = found.end()
    return [*parts, text[end:]] if end < len(text) else parts


def source_of(parts: Iterable[Part]) -> str:
    """The text that `parts` were read from, character by character."""
    return "".join(part if isinstance(part, str) else part.source for part in parts)


def places(text: str) -> list[Place]:
    """The places of `text`, in order."""
    return [part for part in parse(text) if isinstance(part, Place)]


def nearest(name: str) -> str:
    """The place that `name` was probably meant to be; "" when none is like it."""
    plain = re.sub(r"[ -]+", "_", name.strip().lower())
    close = get_close_matches(plain, PLACES, n=1, cutoff=0.5)
    return close[0] if close else next((known for known in PLACES if known in plain or plain in known), "")


def filled(text: str, values: Mapping[str, str], literal: Callable[[str], str] = str) -> str:
    """`text` with a value in each place; what the firm wrote goes through `literal`.

    `values` may be tags, and "" where there is no value. A place without a value and without words instead takes the
    space before it along. A kind of work stands as it is where a sentence begins, else as `kind_in_sentence`.
    """
    made, before, swallow = "", "", False
    for part in parse(text):
        if isinstance(part, str) or not part.is_known:
            written = part if isinstance(part, str) else part.source
            made += literal(written[1:] if swallow and written.startswith(" ") else written)
            before, swallow = written, False
            continue
        value = values.get(_key(part.name, before, first=not made.strip()), "")
        if value or part.instead:
            made += value or literal(part.instead or "")
            before = "x"
        elif made.endswith(" "):
            made = made[:-1]
        else:
            swallow = True
    return made


def as_text(text: str, values: Mapping[str, str]) -> str:
    """The plain text of an opening or a closing."""
    return "\n\n".join(body for part in paragraphs(text) if (body := filled(part, values).strip()))


def as_html(text: str, values: Mapping[str, str]) -> Markup:
    """The paragraphs of an opening or a closing. `values` are escaped already, or tags."""
    bodies = (filled(part, values, _as_markup).strip() for part in paragraphs(text))
    return Markup("\n").join(Markup(f"<p>{body}</p>") for body in bodies if body)  # noqa: S704


def paragraphs(text: str) -> list[str]:
    """What blank lines part."""
    return [part.strip("\n") for part in _BREAK.split(text) if part.strip()]


def links(text: str) -> list[str]:
    """The addresses of pages written out in `text`."""
    return [found[0].rstrip(_TRAILING) for found in _LINK.finditer(text)]


def host_of(link: str) -> str:
    """The host that a written-out address leads to, in lower case; "" when it has none."""
    try:
        return (urlsplit(link if "//" in link else f"https://{link}").hostname or "").lower()
    except ValueError:
        return ""


def _key(name: str, before: str, *, first: bool) -> str:
    begins = first or before.rstrip(" ").endswith(_BEGINS)
    return "kind_in_sentence" if name == "kind" and not begins else name


def _as_markup(text: str) -> str:
    """A literal part: escaped, line breaks kept, a written-out address as a link."""
    made, end = "", 0
    for found in _LINK.finditer(text):
        link = found[0].rstrip(_TRAILING)
        target = link if "//" in link else f"https://{link}"
        made += f'{escape(text[end : found.start()])}<a class="link" href="{escape(target)}">{escape(link)}</a>'
        end = found.start() + len(link)
    return f"{made}{escape(text[end:])}".replace("\n", "<br>")
