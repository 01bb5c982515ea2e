"""The signed webhook, unsubscribing, the local mailbox, and the desk's list of emails."""

from emails.views.desk import blueprint as outbox_desk
from emails.views.mailbox import blueprint as mailbox
from emails.views.unsubscribe import blueprint as unsubscribe
from emails.views.webhooks import blueprint as webhooks

__all__ = ["mailbox", "outbox_desk", "unsubscribe", "webhooks"]
