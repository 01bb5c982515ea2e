"""What `flask doctor` says about sending."""

import re
import socket
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emails.models import EmailMessage, EmailState
from emails.pauses import refusal
from emails.queries import count_events
from emails.replies.models import ReplyState
from emails.replies.queries import count_states
from emails.senders.smtp import parse_smtp_url
from survey.config import EmailTransport, Settings
from survey.doctor import Check, Level
from survey.errors import SettingsError
from survey.firms import get_firm

CONNECT_SECONDS = 5.0
_SENDGRID_KEY = re.compile(r"SG\.[\w-]{16,}\.[\w-]{16,}")


def check_sending(session: Session, settings: Settings, _now: datetime) -> Iterator[Check]:
    """The transport can be used, its answers come back, and nothing waits for a person."""
    match settings.transport:
        case EmailTransport.MAILBOX:
            yield Check(
                "email", Level.OK, f"kept in the local mailbox, {settings.base_url}/mailbox; nobody is written to"
            )
        case EmailTransport.SENDGRID:
            yield from _check_sendgrid(settings)
        case EmailTransport.SMTP:
            yield _check_smtp(settings.smtp_url or "")
    if refused := refusal(session):
        found = f"the provider has refused us since {refused.opened_at:%Y-%m-%d %H:%M} UTC: {refused.reason}"
        yield Check("sending", Level.FAIL, found, "Mend the key, restart, then: flask emails try-again.")
    yield from _check_replies(session, settings)
    parked = session.scalar(select(func.count()).where(EmailMessage.is_open(EmailState.PARKED))) or 0
    if parked:
        yield Check("parked emails", Level.WARN, f"{parked} wait for a decision", "Look at /desk/emails/parked.")


def _check_sendgrid(settings: Settings) -> Iterator[Check]:
    if _SENDGRID_KEY.fullmatch(settings.sendgrid_api_key or ""):
        yield Check("email", Level.OK, f"SendGrid at {settings.sendgrid_base_url}")
    else:
        yield Check(
            "email",
            Level.WARN,
            "SENDGRID_API_KEY does not look like a SendGrid key",
            "Such a key starts with SG. and has three parts; copy it whole.",
        )
    if settings.sendgrid_webhook_public_key:
        yield Check("delivery events", Level.OK, "signed events are accepted at /webhooks/sendgrid/events")
    else:
        yield Check(
            "delivery events",
            Level.WARN,
            "SENDGRID_WEBHOOK_PUBLIC_KEY is not set, so bounces and complaints are not heard",
            f"Point SendGrid's signed event webhook to {settings.base_url}/webhooks/sendgrid/events and set its key.",
        )


def _check_replies(session: Session, settings: Settings) -> Iterator[Check]:
    doubtful = count_states(session)[ReplyState.QUARANTINED]
    if doubtful:
        yield Check("replies", Level.WARN, f"{doubtful} wait for a person", "Look at /desk/emails/replies.")
    elif settings.inbound_domain:
        yield Check("replies", Level.OK, f"clients' answers to the email come to {settings.inbound_domain}")
    if settings.transport is not EmailTransport.MAILBOX and not get_firm(session).postal_address:
        found = "the emails carry no postal address, which the law asks for in many countries"
        yield Check("postal address", Level.WARN, found, "Write it down in the desk, under Settings.")
    if count_events(session)["quarantined"]:
        found = f"{count_events(session)['quarantined']} could not be used"
        yield Check("delivery events", Level.WARN, found, "Look at them: flask emails events --quarantined.")


def _check_smtp(url: str) -> Check:
    try:
        server = parse_smtp_url(url)
        with socket.create_connection((server.host, server.port), timeout=CONNECT_SECONDS):
            return Check("email", Level.OK, f"SMTP at {server.host}:{server.port} answers")
    except SettingsError as error:
        return Check("email", Level.FAIL, str(error), "Correct SMTP_URL.")
    except OSError as error:
        found = f"SMTP at {server.host}:{server.port} does not answer ({error.strerror or error})"
        return Check("email", Level.FAIL, found, "Look at SMTP_URL, the firewall, and whether the server runs.")
