"""A letter to a client: our frame (ratings, reason, address, unsubscribe) around the firm's wording.

Rendered once for a batch with tags in the place of personal values, or once for a preview with the values themselves.
The wording is never a template: it is filled in by `emails.wording` and comes into the frame as finished text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from html import escape
from typing import Any

from markupsafe import Markup
from markupsafe import escape as as_markup

from emails import wording
from emails.briefs import Brief
from emails.leads import Asked
from emails.rendering import look_of, rendered_html, rendered_text
from emails.scales import Rating, scale_of
from emails.texts.built_in import TextKind
from emails.wording import Wording
from survey.asking.schedule import zone_for
from survey.languages import Translator, translator
from survey.models import Firm
from survey.questionnaires.wording import fill
from survey.speech import first_name, first_names, in_sentence, one_line, said_day

VALUES = (
    "first_name", "name", "job", "kind", "kind_beside", "kind_in_sentence", "staff", "finished_on", "closes_on",
)  # fmt: skip
NEEDS_NO_ESCAPING = frozenset({"finished_on", "closes_on", "token", "reply"})


@dataclass(frozen=True)
class Sort:
    """What makes two letters different before anybody's values are looked at."""

    kind: TextKind
    language: str
    lead: str  # of `emails.scales`
    asked: Asked | None = None  # None: the scale's own words


@dataclass(frozen=True)
class Links:
    """Where the buttons lead, and where saying no does."""

    survey: str
    unsubscribe: str

    def rating(self, lead: str, value: int) -> str:
        return f"{self.survey}{'&' if '?' in self.survey else '?'}{lead}={value}"


@dataclass(frozen=True)
class Letter:
    """Subject, plain text and HTML."""

    subject: str
    text: str
    html: str


def personal_values(name: str, brief: Brief, language: str, firm_timezone: str) -> dict[str, str]:
    """What stands in a letter for one person; "" where nothing is known. Not escaped."""
    zone = _zone(brief.timezone, firm_timezone)
    (kind, inside), summary, name = _kind(brief.kind, language), one_line(brief.summary), one_line(name)
    return {
        "first_name": first_name(name),
        "name": name,
        "job": summary or kind,
        "kind": kind,
        "kind_beside": kind if summary and kind.lower() not in summary.lower() else "",
        "kind_in_sentence": inside,
        "staff": _staff(brief.staff, language),
        "finished_on": said_day(brief.completed_at.astimezone(zone).date(), language),
        "closes_on": said_day(brief.expires_at.astimezone(zone).date(), language),
    }


# A firm has few kinds of work and few people, and a batch a thousand letters.


@lru_cache(maxsize=1024)
def _kind(kind: str, language: str) -> tuple[str, str]:
    """A kind of work by itself, and inside a sentence."""
    return one_line(kind), in_sentence(kind, language)


_staff = lru_cache(maxsize=4096)(first_names)


@lru_cache(maxsize=256)
def _zone(timezone: str, firm_timezone: str) -> tzinfo:
    return zone_for(timezone, firm_timezone)


def escaped(values: Mapping[str, str]) -> dict[str, str]:
    """Personal values as they stand in HTML."""
    return {name: value if name in NEEDS_NO_ESCAPING else escape(value) for name, value in values.items()}


def write_letter(
    sort: Sort,
    words: Wording,
    firm: Firm,
    values: Mapping[str, str],
    values_html: Mapping[str, str],
    links: Links,
    base_url: str,
) -> Letter:
    """The letter, its subject still with whatever tags `values` have. `values_html` are escaped already, or tags."""
    frame = _frame(sort, firm, links, base_url)
    folder, named = f"emails/{sort.kind.value}", {**values, "firm": one_line(firm.name)}
    text = {
        **frame,
        **values,
        "question": _question(sort, named),
        "opening": wording.as_text(words.opening, named),
        "closing": wording.as_text(words.closing, named),
    }
    named_html = {**values_html, "firm": escape(one_line(firm.name))}
    html = {
        **frame,
        "_": _in_markup(frame["_"]),
        **{name: Markup(value) for name, value in values_html.items()},  # noqa: S704  # escaped by the caller
        "question": Markup(_question(sort, named_html, escape)),  # noqa: S704  # escaped, but for our tags
        "opening": wording.as_html(words.opening, named_html),
        "closing": wording.as_html(words.closing, named_html),
    }
    return Letter(
        one_line(wording.filled(words.subject, named)),
        rendered_text(f"{folder}/body.txt", text),
        rendered_html(f"{folder}/body.html", html),
    )


def _question(sort: Sort, named: Mapping[str, str], quoted: Callable[[str], str] = str) -> str:
    """What stands above the row of ratings; "" where the scale's own words do."""
    if sort.asked is None:
        return ""
    return fill(quoted(sort.asked.text_in(sort.language)), {**named, "date": named["finished_on"]})


def _in_markup(translate: Translator) -> Translator:
    """`translate` for an HTML template, where some of the values put in are escaped already."""

    def translated(sentence: str, **values: object) -> str:
        return as_markup(translate(sentence)) % values

    return translated


def _frame(sort: Sort, firm: Firm, links: Links, base_url: str) -> dict[str, Any]:
    translate, scale = translator(sort.language), scale_of(sort.lead)
    scale = sort.asked.on(scale) if sort.asked else scale
    ratings = [
        Rating(value, translate(scale.words[value]) if scale.words else "", links.rating(scale.key, value))
        for value in scale.values
    ]
    return {
        "_": translate,
        "language": sort.language,
        "firm": firm,
        "look": look_of(firm.colour),
        "base_url": base_url,
        "scale": scale,
        "ratings": ratings,
        "survey_url": links.survey,
        "unsubscribe_url": links.unsubscribe,
        "only_reminder": firm.reminder_count == 1,
    }
