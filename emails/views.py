"""The signed webhook, unsubscribing, the local mailbox, and the desk's list of emails."""

from flask import Blueprint

from survey import auth

webhooks = auth.public(Blueprint("webhooks", __name__, url_prefix="/webhooks"), "requests are signed by the provider")
unsubscribe = auth.public(Blueprint("unsubscribe", __name__, url_prefix="/u"), "the link in the email is the key")
mailbox = auth.public(Blueprint("mailbox", __name__, url_prefix="/mailbox"), "exists only with the mailbox transport")
outbox_desk = auth.guard(Blueprint("outbox_desk", __name__, url_prefix="/desk/emails"))
