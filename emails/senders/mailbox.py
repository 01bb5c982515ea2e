"""The local mailbox: the default transport without keys. Every message lands in a table and is read at /mailbox."""

from collections.abc import Sequence

from sqlalchemy import insert

from emails.models import MailboxMessage
from emails.senders.base import Accepted, Outcome, OutgoingEmail, RejectedError, as_mime
from survey.db import transaction


class MailboxSender:
    """Keeps messages instead of sending them. Needs an application context, and no open transaction in it."""

    most = 200

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        """Keep a batch, in a transaction of its own: all of it is kept, or nothing is."""
        outcomes: list[Outcome] = []
        rows = []
        for email in batch:
            try:
                rows.append(
                    {
                        "received_at": email.date,
                        "to_email": email.to.email,
                        "subject": email.subject,
                        "mime": as_mime(email).as_bytes(),
                    }
                )
                outcomes.append(Accepted(provider_id=email.message_id, delivered=True))
            except RejectedError as error:
                outcomes.append(error)
        if rows:
            with transaction() as session:
                session.execute(insert(MailboxMessage), rows)
        return outcomes
