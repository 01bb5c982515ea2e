"""What is looked at before a text is saved: what cannot go out, what to confirm, what to know. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from emails.texts.built_in import suggestion
from emails.wording import MAY_BE_EMPTY, PLACES, Wording, host_of, links, nearest, places
from survey.colours import LIGHT_GROUNDS, contrast, themes
from survey.languages import LANGUAGES

LONGEST_SUBJECT = 150
READABLE_SUBJECT = 78  # RFC 5322 §2.1.1; a phone shows about 40
LARGEST_LETTER = 100 * 1024  # bytes of HTML: Gmail cuts a message at 102 kB
LONGEST_TEXT = 20_000
SEEN_ON_WHITE, SEEN_ON_DARK = 3.0, 1.5  # WCAG 2.2, 1.4.11 for a button on white; on dark its words carry it
_DARK_CARD = "#1c2320"  # templates/emails/style.css

LABELS: Mapping[str, str] = MappingProxyType(
    {"subject": "Subject", "opening": "Above the ratings", "closing": "Below the ratings"}
)


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    """It cannot be saved like this."""

    CONFIRM = "confirm"
    """It is saved only when a person says that it is meant."""

    WARNING = "warning"
    """It can be saved, and somebody should know."""

    HINT = "hint"
    """A matter of taste."""


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `field`: of the wording; "" when it is about the whole email."""

    field: str
    level: Level
    text: str

    @property
    def label(self) -> str:
        return LABELS.get(self.field, "Email")


@dataclass(frozen=True)
class House:
    """What the checks need of the firm. `hosts`: where its own links lead, in lower case."""

    colour: str
    postal_address: str
    hosts: frozenset[str]


_CUSTOMER = re.compile(r"\bcustomers?\b", re.IGNORECASE)
_BUYERS: Mapping[str, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        "es": (re.compile(r"\b(?:consumidor(?:a|es|as)?|comprador(?:a|es|as)?)\b", re.IGNORECASE), "cliente"),
        "fr": (re.compile(r"\b(?:consommat(?:eur|rice)s?|achet(?:eur|euse)s?)\b", re.IGNORECASE), "client"),
        "de": (re.compile(r"\bkund(?:e|en|in|innen|schaft)\b", re.IGNORECASE), "Klient, Mandant oder Partner"),
        "pt": (re.compile(r"\b(?:consumidor(?:a|es|as)?|compradore?s?|fregu[êe]ses?)\b", re.IGNORECASE), "cliente"),
        "nl": (re.compile(r"\b(?:klant(?:en)?|afnemers?|kopers?)\b", re.IGNORECASE), "cliënt of opdrachtgever"),
    }
)  # fmt: skip
_OTHER_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|%%?[A-Z_]{3,}%%?|<%.*?%>|\$\{.*?\}")


def check(words: Wording, language: str, house: House, html_bytes: int = 0) -> list[Finding]:
    """Everything there is to say of a text, the gravest first. `html_bytes`: of the finished letter."""
    found = [
        *_lengths(words, html_bytes),
        *(finding for field, text in words.items() for finding in _words_of(field, text, language)),
        *(finding for field, text in words.items() for finding in _links_of(field, text, house)),
        *_house(house),
    ]
    return sorted(found, key=lambda finding: list(Level).index(finding.level))


def stops(findings: list[Finding], *, confirmed: bool) -> bool:
    """Whether the text may not be saved."""
    return any(one.level is Level.ERROR or (one.level is Level.CONFIRM and not confirmed) for one in findings)


def own_hosts(*addresses: str) -> frozenset[str]:
    """The hosts of the firm's own addresses."""
    return frozenset(host.removeprefix("www.") for address in addresses if (host := host_of(address)))


def _lengths(words: Wording, html_bytes: int) -> Iterator[Finding]:
    if not words.subject:
        yield Finding("subject", Level.ERROR, "Give the email a subject.")
    if not words.opening:
        yield Finding("opening", Level.ERROR, "Write at least one sentence above the ratings.")
    length = len(words.subject)
    if length > LONGEST_SUBJECT:
        yield Finding("subject", Level.ERROR, f"It has {length} characters; {LONGEST_SUBJECT} are the most.")
    elif length > READABLE_SUBJECT:
        yield Finding(
            "subject", Level.WARNING, f"It has {length} characters. Many inboxes cut after 40, and some mail programs "
            f"break it after {READABLE_SUBJECT}.",
        )  # fmt: skip
    for field in ("opening", "closing"):
        if len(getattr(words, field)) > LONGEST_TEXT:
            yield Finding(field, Level.ERROR, f"It has more than {LONGEST_TEXT:,} characters. Nobody would read that.")
    if html_bytes > LARGEST_LETTER:
        size = round(html_bytes / 1024)
        yield Finding(
            "", Level.ERROR, f"The email has {size} KB; Gmail cuts off what lies beyond 100, the way out too."
        )


def _words_of(field: str, text: str, language: str) -> Iterator[Finding]:
    for place in places(text):
        if not place.is_known:
            meant = nearest(place.name)
            hint = (
                f"Did you mean {{{meant}}}?" if meant else f"There are {', '.join(f'{{{name}}}' for name in PLACES)}."
            )
            yield Finding(field, Level.ERROR, f"There is no placeholder {{{place.name}}}. {hint}")
        elif place.name in MAY_BE_EMPTY and place.instead is None and (said := suggestion(place.name, language)):
            yield Finding(
                field, Level.WARNING, f"{{{place.name}}} is not always known. Say what stands there then: "
                f"{{{place.name}|{said}}}.",
            )  # fmt: skip
    if _CUSTOMER.search(text):
        yield Finding(field, Level.ERROR, "A customer buys once; a client stays. Please write “client”, or say “you”.")
    pattern, better = _BUYERS.get(language, (None, ""))
    if pattern and (word := pattern.search(text)):
        named = LANGUAGES[language]
        yield Finding(field, Level.HINT, f"“{word[0]}” sounds like somebody who buys once. In {named}: {better}.")
    if code := _OTHER_TEMPLATE.search(text):
        yield Finding(
            field, Level.CONFIRM, f"“{code[0][:40]}” means nothing here: people would read it as it stands. "
            "Placeholders look like {first_name}.",
        )  # fmt: skip
    if any(unicodedata.bidirectional(char) in _TURNS for char in text):
        yield Finding(field, Level.WARNING, "It holds invisible marks that turn the direction of the words around.")


_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI"})


def _links_of(field: str, text: str, house: House) -> Iterator[Finding]:
    for link in dict.fromkeys(links(text)):
        host = host_of(link).removeprefix("www.")
        if field == "subject":
            yield Finding(field, Level.ERROR, "A link in a subject cannot be clicked, and looks like spam.")
        elif not any(host == own or host.endswith(f".{own}") for own in house.hosts):
            yield Finding(field, Level.CONFIRM, f"{link[:60]} is not a page of yours. Links to others look like spam.")


def _house(house: House) -> Iterator[Finding]:
    if not house.postal_address:
        yield Finding(
            "", Level.WARNING, "There is no postal address at its foot, and many countries’ laws ask for one: "
            "Settings → Firm.",
        )  # fmt: skip
    light, _dark = themes(house.colour)
    on_white, on_dark = contrast(light.brand, LIGHT_GROUNDS[0]), contrast(light.brand, _DARK_CARD)
    if on_white < SEEN_ON_WHITE:
        yield Finding(
            "", Level.WARNING, f"Your colour {light.brand} hardly stands out on white ({on_white:.1f} : 1, 3 is the "
            "least), so the buttons are hard to find. A darker one helps: Settings → Firm.",
        )  # fmt: skip
    elif on_dark < SEEN_ON_DARK:
        yield Finding(
            "", Level.HINT, f"In dark mode your colour {light.brand} is hard to tell from the ground; the numbers on "
            "the buttons stay readable.",
        )  # fmt: skip
