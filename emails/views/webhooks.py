"""/webhooks/sendgrid/…: raw events and replies in, one transaction, then 2xx. The worker reads them afterwards."""

import hmac

import structlog
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from emails import receipts
from emails.events import SIGNATURE_HEADER, TIMESTAMP_HEADER, BadSignatureError, load_keys, read_batch, verify
from emails.replies import intake
from emails.replies.address import inbound_key
from emails.replies.form import from_form, read_form
from survey import auth, clock
from survey.db import transaction
from survey.errors import InvalidInputError
from survey.runtime import settings

log = structlog.get_logger()

MAX_EVENT_BYTES = 4 * 1024 * 1024  # the provider's own batches end below 1 MB
MAX_REPLY_BYTES = 31 * 1024 * 1024  # the provider takes emails up to 30 MB, attachments included

blueprint = auth.public(Blueprint("webhooks", __name__, url_prefix="/webhooks"), "requests are signed by the provider")


@blueprint.post("/sendgrid/events")
def sendgrid_events() -> ResponseReturnValue:
    """Keep a batch of delivery events. Any status but 2xx makes the provider send it again."""
    body = _signed_body(settings().sendgrid_webhook_public_key, "SENDGRID_WEBHOOK_PUBLIC_KEY", MAX_EVENT_BYTES)
    events = read_batch(body)
    with transaction() as session:
        new = receipts.store_events(session, events, clock.now())
    log.info("delivery events stored", received=len(events), new=new)
    return "", 204


@blueprint.post("/sendgrid/inbound")
def sendgrid_inbound() -> ResponseReturnValue:
    """Keep a reply that the provider signed (a security policy with a signature is set on its Inbound Parse)."""
    key = settings().sendgrid_inbound_public_key
    return _keep_reply(_signed_body(key, "SENDGRID_INBOUND_PUBLIC_KEY", MAX_REPLY_BYTES))


@blueprint.post("/sendgrid/inbound/<key>")
def sendgrid_inbound_by_key(key: str) -> ResponseReturnValue:
    """Keep a reply that was posted to the secret address; where a verification key is set, signed as well."""
    if not hmac.compare_digest(key.encode(), inbound_key(settings().secret_key or "").encode()):
        log.warning("a reply was refused", why="The address is not the one that `flask emails inbound` names.")
        return "", 401
    if settings().sendgrid_inbound_public_key:
        return sendgrid_inbound()
    return _keep_reply(_body(MAX_REPLY_BYTES))


def _keep_reply(body: bytes) -> ResponseReturnValue:
    """2xx also for a form that no later try could make readable: the provider would repeat it for days."""
    try:
        inbound = from_form(read_form(request.content_type or "", body))
    except InvalidInputError as error:
        log.warning("a reply could not be read", why=str(error))
        return "", 204
    with transaction() as session:
        new = intake.store(session, inbound, clock.now())
    log.info("a reply was stored", new=new)
    return "", 204


def _signed_body(keys: str | None, setting: str, limit: int) -> bytes:
    try:
        known = load_keys(keys or "")
    except InvalidInputError:
        log.error("a webhook was refused: a setting is missing or is not a P-256 public key", setting=setting)
        abort(503)
    body = _body(limit)
    signature, stamp = request.headers.get(SIGNATURE_HEADER, ""), request.headers.get(TIMESTAMP_HEADER, "")
    try:
        verify(known, signature, stamp, body, clock.now())
    except BadSignatureError as error:
        log.warning("a webhook was refused", why=str(error), setting=setting)
        abort(401)
    return body


def _body(limit: int) -> bytes:
    request.max_content_length = limit
    if (request.content_length or 0) > limit:
        abort(413)
    return request.get_data(cache=False)
