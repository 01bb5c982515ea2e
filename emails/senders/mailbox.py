"""The local mailbox: the default transport without keys. Every message lands in a table and is read at /mailbox."""

from emails.models import MailboxMessage
from emails.senders.base import Accepted, OutgoingEmail, as_mime
from survey.db import transaction


class MailboxSender:
    """Keeps messages instead of sending them. Needs an application context, and no open transaction in it."""

    def send(self, outgoing: OutgoingEmail) -> Accepted:
        """Keep one message, in a transaction of its own.

        Raises:
            RejectedError: the message cannot be written.
        """
        mime = as_mime(outgoing)
        with transaction() as session:
            session.add(
                MailboxMessage(
                    received_at=outgoing.date,
                    to_email=outgoing.to.email,
                    subject=outgoing.subject,
                    mime=mime.as_bytes(),
                )
            )
        return Accepted(provider_id=outgoing.message_id, delivered=True)
