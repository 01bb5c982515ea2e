"""Turns rows of the outbox into the emails people read: what a batch shares once, and each person's own values.

A letter to clients is rendered once for a whole batch, with a tag in the place of each value that differs from person
to person. Which values are empty is part of what makes two contents differ, so a template may ask whether there is a
name, but must not look into one.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from sqlalchemy.orm import Session

from emails.briefs import Brief, load_briefs
from emails.leads import Asked, Lead
from emails.letters import NEEDS_NO_ESCAPING, VALUES, Letter, Links, Sort, escaped, personal_values, write_letter
from emails.models import EmailKind
from emails.rendering import look_of, rendered_html, rendered_line, rendered_text
from emails.senders.base import Content, Mailbox, OutgoingEmail
from emails.texts.built_in import TextKind
from emails.texts.models import EmailText
from emails.texts.versions import texts_in_force, wording_of
from emails.wording import Wording
from survey.config import Settings
from survey.errors import NotFoundError
from survey.firms import get_firm
from survey.languages import DEFAULT, choose
from survey.models import Firm
from survey.sign_in import link_url
from survey.speech import first_name, one_line

TO_CLIENTS = frozenset({EmailKind.SURVEY, EmailKind.REMINDER})
LONGEST_SUBJECT = 150
NOTHING: Mapping[str, str] = MappingProxyType({})

_ABOUT_US = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "OOF, AutoReply"))
_PERSONAL = (*VALUES, "token", "reply")


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
    return Composer(get_firm(session), settings, now, briefs, texts_in_force(session)).compose(message, attempt_id)


class Composer:
    """Composes the messages of one batch.

    A tag carries a random word made for the batch, so that nothing a person wrote can be one.
    """

    def __init__(
        self,
        firm: Firm,
        settings: Settings,
        now: datetime,
        briefs: Mapping[int, Brief],
        texts: Mapping[tuple[TextKind, str], EmailText],
    ) -> None:
        self._firm = firm
        self._settings = settings
        self._now = now
        self._briefs = briefs
        self._texts = texts
        self._sender = _sender(firm, settings)
        self._reply_to = one_line(firm.reply_to)
        self._timezone = firm.timezone  # these are asked for with each message, and are slow to read where they stand
        self._base_url = settings.base_url
        self._host = self._sender.email.rpartition("@")[2]
        self._sorts: dict[tuple[EmailKind, str, Lead], Sort] = {}
        self._sheets: dict[tuple[Sort, frozenset[str]], _Sheet] = {}
        word = secrets.token_hex(4)
        self._in_text = {name: f"-{word}.{number}-" for number, name in enumerate(_PERSONAL)}
        self._in_html = {
            name: tag if name in NEEDS_NO_ESCAPING else f"{tag[:-1]}h-" for name, tag in self._in_text.items()
        }

    def compose(self, message: Draft, attempt_id: str) -> OutgoingEmail:
        """One message.

        Raises:
            NotFoundError: a survey email without its invitation.
            jinja2.TemplateError: its context lacks something the template needs.
        """
        if message.kind in TO_CLIENTS:
            return self._to_client(message, attempt_id)
        if message.kind is EmailKind.TEST:
            return self._test(message, attempt_id)
        values = {
            "to_name": message.to_name,
            "greeting": _greeting(message.to_name),
            "firm": self._firm,
            "look": look_of(self._firm.colour),
            "language": DEFAULT,
            "base_url": self._settings.base_url,
            **_absolute(message.context, self._settings.base_url),
        }
        if message.kind is EmailKind.SIGN_IN:
            values["url"] = link_url(self._settings, str(message.context["seed"]))
        folder = f"emails/{message.kind.value}"
        letter = Letter(
            one_line(rendered_line(f"{folder}/subject.txt", values)),
            rendered_text(f"{folder}/body.txt", values),
            rendered_html(f"{folder}/body.html", values),
        )
        return self._outgoing(message, attempt_id, self._content(DEFAULT, letter, self._reply_to), letter.subject)

    def text_of(self, message: Draft) -> int | None:
        """The id of the firm's own text that a message goes out with; None for a built-in one, and for other kinds."""
        brief = self._briefs.get(message.invitation_id) if message.invitation_id else None
        if not self._texts or brief is None or message.kind not in TO_CLIENTS:
            return None
        sort = self._sort(message.kind, brief)
        row = self._texts.get((sort.kind, sort.language))
        return None if row is None or row.is_built_in else row.id

    def _to_client(self, message: Draft, attempt_id: str) -> OutgoingEmail:
        brief = self._briefs.get(message.invitation_id) if message.invitation_id else None
        if brief is None:
            raise NotFoundError("The invitation of this survey email is gone.")
        sort = self._sort(message.kind, brief)
        own = personal_values(message.to_name, brief, sort.language, self._timezone)
        own["token"], own["reply"] = brief.token, brief.reply_to.partition("@")[0]
        present = frozenset([name for name, value in own.items() if value])
        sheet = self._sheets.get((sort, present))
        if sheet is None:
            sheet = self._sheets[sort, present] = self._shared(sort, present)
        subject = sheet.subject
        for name in sheet.in_subject:
            subject = subject.replace(self._in_text[name], own[name])
        values = {self._in_text[name]: own[name] for name in sheet.in_text}
        for name in sheet.in_html:
            values[self._in_html[name]] = own[name] if name in NEEDS_NO_ESCAPING else escape(own[name])
        if own["reply"]:
            values[self._in_text["reply"]] = own["reply"]
        return self._outgoing(message, attempt_id, sheet.content, subject, values, self._list_headers(brief))

    def _test(self, message: Draft, attempt_id: str) -> OutgoingEmail:
        """A letter to oneself, with values that lead to no survey."""
        told = message.context
        sort = Sort(TextKind(told["kind"]), told["language"], told["lead"], Asked.read(told.get("asked")))
        words = Wording(told["subject"], told["opening"], told["closing"])
        links = Links(f"{self._settings.base_url}{told['link']}", f"{self._settings.base_url}{told['link']}")
        values = told["values"]
        letter = write_letter(sort, words, self._firm, values, escaped(values), links, self._settings.base_url)
        content = self._content(sort.language, letter, self._reply_to)
        return self._outgoing(message, attempt_id, content, f"Test: {letter.subject}")

    def _sort(self, kind: EmailKind, brief: Brief) -> Sort:
        """What the letter is: in the contact's language where we have it, else in the firm's."""
        key = (kind, brief.language, brief.lead)
        found = self._sorts.get(key)
        if found is None:
            language = choose([brief.language, self._firm.language])
            found = self._sorts[key] = Sort(TextKind(kind.value), language, brief.lead.scale, brief.lead.asked)
        return found

    def _list_headers(self, brief: Brief) -> dict[str, str]:
        """RFC 2369 and RFC 8058: the mail program offers "unsubscribe" by itself, with one POST."""
        ways = f"<{self._base_url}/u/{brief.token}>"
        if reply_to := brief.reply_to or self._reply_to:
            ways += f", <mailto:{quote(reply_to, safe='@+')}?subject=unsubscribe>"
        return {"List-Unsubscribe": ways, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}

    def _shared(self, sort: Sort, present: frozenset[str]) -> _Sheet:
        """The letter with tags, but nothing where a person's value would be empty."""
        values, values_html = (
            {name: tags[name] if name in present else "" for name in _PERSONAL}
            for tags in (self._in_text, self._in_html)
        )
        base_url, token = self._settings.base_url, values["token"]
        links = Links(f"{base_url}/s/{token}", f"{base_url}/u/{token}")
        words = wording_of(self._texts, sort.kind, sort.language)
        letter = write_letter(sort, words, self._firm, values, values_html, links, base_url)
        reply_to = f"{values['reply']}@{self._settings.inbound_domain}" if values["reply"] else self._reply_to
        return _Sheet(
            self._content(sort.language, letter, reply_to),
            letter.subject,
            in_text=tuple(name for name, tag in self._in_text.items() if tag in letter.text),
            in_html=tuple(name for name, tag in self._in_html.items() if tag in letter.html),
            in_subject=tuple(name for name, tag in self._in_text.items() if tag in letter.subject),
        )

    def _content(self, language: str, letter: Letter, reply_to: str) -> Content:
        return Content(self._sender, reply_to, language, letter.text, letter.html, _ABOUT_US)

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
            message_id=f"<{attempt_id}@{self._host}>",
            values=values,
            headers=headers,
        )


def _greeting(name: str) -> str:
    return f"Hello {first_name(name)}," if name.strip() else "Hello,"


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
