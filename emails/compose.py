"""Turns rows of the outbox into the emails people read: what a batch shares once, and each person's own values.

A template is rendered once for a whole batch, with a tag in the place of each value that differs from person to person.
Which values are empty is part of what makes two contents differ, so a template may ask whether there is a name, but
must not look into one.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from html import escape
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from emails.briefs import Brief, load_briefs
from emails.models import EmailKind
from emails.senders.base import Content, Mailbox, OutgoingEmail
from survey import colours
from survey.config import ROOT, Settings
from survey.errors import NotFoundError
from survey.firms import get_firm
from survey.models import Firm
from survey.questionnaire import RATING_WORDS
from survey.schedule import zone_for
from survey.sign_in import link_url

LANGUAGE = "en"  # of the templates
TO_CLIENTS = frozenset({EmailKind.SURVEY, EmailKind.REMINDER})
LONGEST_SUBJECT = 150
NOTHING: Mapping[str, str] = MappingProxyType({})

_ABOUT_US = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "OOF, AutoReply"))
_NEEDS_NO_ESCAPING = frozenset({"finished_on", "closes_on", "token", "reply"})
_PERSONAL = (
    "greeting", "kind", "kind_beside", "kind_in_sentence", "summary", "staff", "finished_on", "closes_on", "token",
    "reply",
)  # fmt: skip

_templates = Environment(
    loader=FileSystemLoader(ROOT / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class Draft(Protocol):
    """What composing needs of an outbox row."""

    @property
    def kind(self) -> EmailKind: ...
    @property
    def to_email(self) -> str: ...
    @property
    def to_name(self) -> str: ...
    @property
    def context(self) -> Mapping[str, Any]: ...
    @property
    def invitation_id(self) -> int | None: ...


@dataclass(frozen=True)
class Look:
    """The firm's colour as an email needs it: a fill, the text on it, and the colour as text in both themes."""

    brand: str
    on_brand: str
    ink: str
    ink_dark: str


@dataclass(frozen=True)
class _Sheet:
    """A rendered template: the content, the subject, and which of the personal values stand in them."""

    content: Content
    subject: str
    in_text: tuple[str, ...]
    in_html: tuple[str, ...]
    in_subject: tuple[str, ...]


def compose(session: Session, message: Draft, attempt_id: str, settings: Settings, now: datetime) -> OutgoingEmail:
    """The email for one message, complete.

    Raises:
        NotFoundError: a survey email without its invitation.
        jinja2.TemplateError: its context lacks something the template needs.
    """
    wanted = [message.invitation_id] if message.kind in TO_CLIENTS and message.invitation_id else []
    briefs = load_briefs(session, wanted, settings)
    return Composer(get_firm(session), settings, now, briefs).compose(message, attempt_id)


class Composer:
    """Composes the messages of one batch.

    A tag carries a random word made for the batch, so that nothing a person wrote can be one.
    """

    def __init__(self, firm: Firm, settings: Settings, now: datetime, briefs: Mapping[int, Brief]) -> None:
        self._firm = firm
        self._settings = settings
        self._now = now
        self._briefs = briefs
        self._sender = _sender(firm, settings)
        self._reply_to = one_line(firm.reply_to)
        self._sheets: dict[tuple[EmailKind, frozenset[str]], _Sheet] = {}
        word = secrets.token_hex(4)
        self._in_text = {name: f"-{word}.{number}-" for number, name in enumerate(_PERSONAL)}
        self._in_html = {
            name: tag if name in _NEEDS_NO_ESCAPING else f"{tag[:-1]}h-" for name, tag in self._in_text.items()
        }

    def compose(self, message: Draft, attempt_id: str) -> OutgoingEmail:
        """One message.

        Raises:
            NotFoundError: a survey email without its invitation.
            jinja2.TemplateError: its context lacks something the template needs.
        """
        if message.kind in TO_CLIENTS:
            return self._to_client(message, attempt_id)
        values = {
            "to_name": message.to_name,
            "greeting": _greeting(message.to_name),
            **_absolute(message.context, self._settings.base_url),
        }
        if message.kind is EmailKind.SIGN_IN:
            values["url"] = link_url(self._settings, str(message.context["seed"]))
        sheet = self._render(message.kind, values, values, self._reply_to)
        return self._outgoing(message, attempt_id, sheet.content, sheet.subject)

    def _to_client(self, message: Draft, attempt_id: str) -> OutgoingEmail:
        brief = self._briefs.get(message.invitation_id) if message.invitation_id else None
        if brief is None:
            raise NotFoundError("The invitation of this survey email is gone.")
        own = self._personal(message, brief)
        present = frozenset([name for name, value in own.items() if value])
        sheet = self._sheets.get((message.kind, present))
        if sheet is None:
            sheet = self._sheets[message.kind, present] = self._shared(message.kind, present)
        subject = sheet.subject
        for name in sheet.in_subject:
            subject = subject.replace(self._in_text[name], own[name])
        values = {self._in_text[name]: own[name] for name in sheet.in_text}
        for name in sheet.in_html:
            values[self._in_html[name]] = own[name] if name in _NEEDS_NO_ESCAPING else escape(own[name])
        if own["reply"]:
            values[self._in_text["reply"]] = own["reply"]
        headers = self._list_headers(brief)
        return self._outgoing(message, attempt_id, sheet.content, subject, values, headers)

    def _list_headers(self, brief: Brief) -> dict[str, str]:
        """RFC 2369 and RFC 8058: the mail program offers "unsubscribe" by itself, with one POST."""
        ways = f"<{self._settings.base_url}/u/{brief.token}>"
        if reply_to := brief.reply_to or self._reply_to:
            ways += f", <mailto:{quote(reply_to, safe='@+')}?subject=unsubscribe>"
        return {"List-Unsubscribe": ways, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}

    def _personal(self, message: Draft, brief: Brief) -> dict[str, str]:
        zone = zone_for(brief.timezone, self._firm.timezone)
        kind, summary = one_line(brief.kind), one_line(brief.summary)
        return {
            "greeting": _greeting(message.to_name),
            "kind": kind,
            "kind_beside": kind if summary and kind.lower() not in summary.lower() else "",
            "kind_in_sentence": in_sentence(kind),
            "summary": summary,
            "staff": listed(dict.fromkeys(map(first_name, brief.staff))),
            "finished_on": _day(brief.completed_at.astimezone(zone).date()),
            "closes_on": _day(brief.expires_at.astimezone(zone).date()),
            "token": brief.token,
            "reply": brief.reply_to.partition("@")[0],
        }

    def _shared(self, kind: EmailKind, present: frozenset[str]) -> _Sheet:
        """The template with tags, but nothing where a person's value would be empty."""
        values, values_html = (
            self._links({name: tags[name] if name in present else "" for name in _PERSONAL})
            for tags in (self._in_text, self._in_html)
        )
        reply_to = f"{values['reply']}@{self._settings.inbound_domain}" if values["reply"] else self._reply_to
        return self._render(kind, values, values_html, reply_to)

    def _links(self, values: dict[str, Any]) -> dict[str, Any]:
        link = f"{self._settings.base_url}/s/{values['token']}"
        return {
            **values,
            "survey_url": link,
            "unsubscribe_url": f"{self._settings.base_url}/u/{values['token']}",
            "ratings": [
                {"value": value, "word": word, "url": f"{link}?csat={value}"}
                for value, word in sorted(RATING_WORDS.items())
            ],
        }

    def _render(
        self, kind: EmailKind, values: Mapping[str, Any], values_html: Mapping[str, Any], reply_to: str
    ) -> _Sheet:
        firm = {
            "firm": self._firm,
            "look": look_of(self._firm),
            "language": LANGUAGE,
            "base_url": self._settings.base_url,
        }
        folder = f"emails/{kind.value}"
        text = _tidy(_render(f"{folder}/body.txt", {**firm, **values}))
        html = _inliner.inline(_render(f"{folder}/body.html", {**firm, **values_html}))
        subject = one_line(_render(f"{folder}/subject.txt", {**firm, **values}))
        return _Sheet(
            Content(self._sender, reply_to, LANGUAGE, text, html, _ABOUT_US),
            subject,
            in_text=tuple(name for name, tag in self._in_text.items() if tag in text),
            in_html=tuple(name for name, tag in self._in_html.items() if tag in html),
            in_subject=tuple(name for name, tag in self._in_text.items() if tag in subject),
        )

    def _outgoing(
        self,
        message: Draft,
        attempt_id: str,
        content: Content,
        subject: str,
        values: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
    ) -> OutgoingEmail:
        return OutgoingEmail(
            attempt_id=attempt_id,
            to=Mailbox(one_line(message.to_email), one_line(message.to_name)),
            subject=subject[:LONGEST_SUBJECT],
            content=content,
            date=self._now,
            message_id=f"<{attempt_id}@{self._sender.email.rpartition('@')[2]}>",
            values=values,
            headers=headers,
        )


def look_of(firm: Firm) -> Look:
    """The firm's colour with its contrast mended (WCAG 2.2 AA)."""
    light, dark = colours.themes(firm.colour)
    return Look(brand=light.brand, on_brand=light.on_brand, ink=light.ink, ink_dark=dark.ink)


def one_line(text: str) -> str:
    """`text` without line breaks and control characters: nothing in it can start a header of its own."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


def in_sentence(kind: str) -> str:
    """A job's kind as it stands inside a sentence: "Printer repair" → "printer repair", "VPN issue" as it is."""
    first, space, rest = one_line(kind).partition(" ")
    return f"{first.lower() if first[1:].islower() or len(first) == 1 else first}{space}{rest}"


def listed(names: Iterable[str]) -> str:
    """Names as a person says them: "Ana", "Ana and Ben", "Ana, Ben and Cem"."""
    *others, last = [*names] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def first_name(name: str) -> str:
    """The given name of "Ana Xu"; a title ("Dr. Xu") or a single name is left whole."""
    words = one_line(name).split()
    return words[0] if words and not words[0].endswith(".") else " ".join(words)


def _greeting(name: str) -> str:
    return f"Hello {first_name(name)}," if name.strip() else "Hello,"


@lru_cache(maxsize=1024)
def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def _sender(firm: Firm, settings: Settings) -> Mailbox:
    host = urlsplit(settings.base_url).hostname or ""
    domain = host if re.search(r"\.[a-z]", host) else "clientele.example"
    return Mailbox(one_line(firm.sender_email) or f"surveys@{domain}", one_line(firm.sender_name or firm.name))


def _absolute(value: Any, base_url: str, key: str = "") -> Any:
    """`value` with every "url" in it complete: paths of our own get the public address in front."""
    if isinstance(value, Mapping):
        return {name: _absolute(item, base_url, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_absolute(item, base_url) for item in value]
    return f"{base_url}{value}" if key.endswith("url") and isinstance(value, str) and value.startswith("/") else value


def _render(name: str, values: dict[str, Any]) -> str:
    return _templates.get_template(name).render(values)


def _tidy(text: str) -> str:
    """Plain text without the blank lines that template blocks leave behind."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"
