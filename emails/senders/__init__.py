"""The transports: the local mailbox, SMTP, SendGrid."""

from emails.senders.base import Sender
from emails.senders.mailbox import MailboxSender
from emails.senders.sendgrid import SendGridSender
from emails.senders.smtp import SmtpSender
from survey.config import EmailTransport, Settings

__all__ = ["MailboxSender", "SendGridSender", "Sender", "SmtpSender", "make_sender"]


def make_sender(settings: Settings) -> Sender:
    """The sender of the transport in force.

    Raises:
        SettingsError: SMTP_URL cannot be read.
    """
    if settings.transport is EmailTransport.SENDGRID:
        return SendGridSender(settings.sendgrid_api_key or "", str(settings.sendgrid_base_url))
    if settings.transport is EmailTransport.SMTP:
        return SmtpSender(settings.smtp_url or "")
    return MailboxSender()
