"""/webhooks/sendgrid/events: raw events in, one transaction, then 2xx. The worker reads them afterwards."""

import structlog
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from emails import receipts
from emails.events import SIGNATURE_HEADER, TIMESTAMP_HEADER, BadSignatureError, load_key, read_batch, verify
from survey import auth, clock
from survey.db import transaction
from survey.errors import InvalidInputError
from survey.runtime import settings

log = structlog.get_logger()

MAX_BYTES = 4 * 1024 * 1024  # the provider's own batches end below 1 MB

blueprint = auth.public(Blueprint("webhooks", __name__, url_prefix="/webhooks"), "requests are signed by the provider")


@blueprint.post("/sendgrid/events")
def sendgrid_events() -> ResponseReturnValue:
    """Keep a batch of delivery events. Any status but 2xx makes the provider send it again."""
    try:
        key = load_key(settings().sendgrid_webhook_public_key or "")
    except InvalidInputError:
        log.error("delivery events refused: SENDGRID_WEBHOOK_PUBLIC_KEY is missing or is not a P-256 public key")
        return "", 503
    if (request.content_length or 0) > MAX_BYTES:
        abort(413)
    body = request.get_data(cache=False)
    try:
        verify(
            key,
            request.headers.get(SIGNATURE_HEADER, ""),
            request.headers.get(TIMESTAMP_HEADER, ""),
            body,
            clock.now(),
        )
    except BadSignatureError as error:
        log.warning("delivery events refused", why=str(error))
        return "", 401
    events = read_batch(body)
    with transaction() as session:
        new = receipts.store_events(session, events, clock.now())
    log.info("delivery events stored", received=len(events), new=new)
    return "", 204
