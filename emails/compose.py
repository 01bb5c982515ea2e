"""Turns a row of the outbox into the email a person reads: subject, plain text, HTML, headers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from emails.models import EmailKind, EmailMessage
from emails.senders.base import Mailbox, OutgoingEmail
from survey import colours
from survey.config import ROOT, Settings
from survey.errors import NotFoundError
from survey.firms import get_firm
from survey.invitations import survey_url
from survey.models import Firm, Invitation
from survey.questionnaire import RATING_WORDS
from survey.schedule import zone_for
from survey.sign_in import link_url

LANGUAGE = "en"  # of the templates
TO_CLIENTS = frozenset({EmailKind.SURVEY, EmailKind.REMINDER})
LONGEST_SUBJECT = 150

_templates = Environment(
    loader=FileSystemLoader(ROOT / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Look:
    """The firm's colour as an email needs it: a fill, the text on it, and the colour as text in both themes."""

    brand: str
    on_brand: str
    ink: str
    ink_dark: str


def compose(
    session: Session, message: EmailMessage, attempt_id: str, settings: Settings, now: datetime
) -> OutgoingEmail:
    """The email for `message`, complete.

    Raises:
        NotFoundError: a survey email without its invitation.
        jinja2.TemplateError: its context lacks something the template needs.
    """
    firm = get_firm(session)
    values = {
        "firm": firm,
        "look": look_of(firm),
        "language": LANGUAGE,
        "base_url": settings.base_url,
        "to_name": message.to_name,
        "greeting": _greeting(message.to_name),
        **_absolute(message.context, settings.base_url),
    }
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}
    if message.kind in TO_CLIENTS:
        values |= _about_the_job(session, message, firm, settings)
        headers |= _list_headers(values["unsubscribe_url"], firm)
    elif message.kind is EmailKind.SIGN_IN:
        values["url"] = link_url(settings, message.context["seed"])
    if message.kind is EmailKind.SIGN_IN:
        values["url"] = link_url(settings, str(message.context["seed"]))
    sender = _sender(firm, settings)
    folder = f"emails/{message.kind.value}"
    return OutgoingEmail(
        attempt_id=attempt_id,
        sender=sender,
        to=Mailbox(one_line(message.to_email), one_line(message.to_name)),
        reply_to=one_line(firm.reply_to),
        subject=one_line(_render(f"{folder}/subject.txt", values))[:LONGEST_SUBJECT],
        text=_tidy(_render(f"{folder}/body.txt", values)),
        html=_inliner.inline(_render(f"{folder}/body.html", values)),
        language=LANGUAGE,
        date=now,
        message_id=f"<{attempt_id}@{sender.email.rpartition('@')[2]}>",
        headers=headers,
    )


def look_of(firm: Firm) -> Look:
    """The firm's colour with its contrast mended (WCAG 2.2 AA)."""
    light, dark = colours.themes(firm.colour)
    return Look(brand=light.brand, on_brand=light.on_brand, ink=light.ink, ink_dark=dark.ink)


def one_line(text: str) -> str:
    """`text` without line breaks and control characters: nothing in it can start a header of its own."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


def in_sentence(kind: str) -> str:
    """A job's kind as it stands inside a sentence: "Printer repair" → "printer repair", "VPN issue" as it is."""
    first, space, rest = one_line(kind).partition(" ")
    return f"{first.lower() if first[1:].islower() or len(first) == 1 else first}{space}{rest}"


def listed(names: Iterable[str]) -> str:
    """Names as a person says them: "Ana", "Ana and Ben", "Ana, Ben and Cem"."""
    *others, last = [*names] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _about_the_job(session: Session, message: EmailMessage, firm: Firm, settings: Settings) -> dict[str, Any]:
    invitation = session.get(Invitation, message.invitation_id) if message.invitation_id else None
    if invitation is None:
        raise NotFoundError("The invitation of this survey email is gone.")
    job, resolution = invitation.resolution.job, invitation.resolution
    zone = zone_for(invitation.contact.timezone, firm.timezone)
    link = survey_url(settings, invitation)
    staff = sorted(resolution.staff, key=lambda member: -member.share)
    return {
        "kind": one_line(job.kind),
        "kind_in_sentence": in_sentence(job.kind),
        "summary": one_line(job.summary),
        "finished_on": _day(resolution.completed_at.astimezone(zone)),
        "closes_on": _day(invitation.expires_at.astimezone(zone)),
        "staff": listed(dict.fromkeys(first_name(member.name) for member in staff)),
        "survey_url": link,
        "unsubscribe_url": f"{settings.base_url}/u/{link.rpartition('/')[2]}",
        "ratings": [
            {"value": value, "word": word, "url": f"{link}?csat={value}"}
            for value, word in sorted(RATING_WORDS.items())
        ],
    }


def first_name(name: str) -> str:
    """The given name of "Ana Xu"; a title ("Dr. Xu") or a single name is left whole."""
    words = one_line(name).split()
    return words[0] if words and not words[0].endswith(".") else " ".join(words)


def _greeting(name: str) -> str:
    return f"Hello {first_name(name)}," if name.strip() else "Hello,"


def _day(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B}"


def _list_headers(link: str, firm: Firm) -> dict[str, str]:
    """RFC 2369 and RFC 8058: the mail program offers "unsubscribe" by itself, with one POST."""
    ways = [f"<{link}>"]
    if reply_to := one_line(firm.reply_to):
        ways.append(f"<mailto:{quote(reply_to, safe='@+')}?subject=unsubscribe>")
    return {"List-Unsubscribe": ", ".join(ways), "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _sender(firm: Firm, settings: Settings) -> Mailbox:
    host = urlsplit(settings.base_url).hostname or ""
    domain = host if re.search(r"\.[a-z]", host) else "clientele.example"
    return Mailbox(one_line(firm.sender_email) or f"surveys@{domain}", one_line(firm.sender_name or firm.name))


def _absolute(value: Any, base_url: str, key: str = "") -> Any:
    """`value` with every "url" in it complete: paths of our own get the public address in front."""
    if isinstance(value, dict):
        return {name: _absolute(item, base_url, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_absolute(item, base_url) for item in value]
    return f"{base_url}{value}" if key.endswith("url") and isinstance(value, str) and value.startswith("/") else value


def _render(name: str, values: dict[str, Any]) -> str:
    return _templates.get_template(name).render(values)


def _tidy(text: str) -> str:
    """Plain text without the blank lines that template blocks leave behind."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"
