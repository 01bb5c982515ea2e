"""The signed webhooks, the page of choices, the local mailbox, and the desk's pages about emails."""

from emails.views.desk import blueprint as outbox_desk
from emails.views.mailbox import blueprint as mailbox
from emails.views.questionnaires import blueprint as questionnaire_email
from emails.views.replies import blueprint as replies_desk
from emails.views.suppressed import blueprint as suppressed_desk
from emails.views.texts import blueprint as texts_desk
from emails.views.unsubscribe import blueprint as unsubscribe
from emails.views.webhooks import blueprint as webhooks

__all__ = [
    "mailbox",
    "outbox_desk",
    "questionnaire_email",
    "replies_desk",
    "suppressed_desk",
    "texts_desk",
    "unsubscribe",
    "webhooks",
]
