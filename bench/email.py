"""How many emails a second leave, as ratios of what the `sendgrid` package manages, in one run on one machine.

    .venv/bin/python -m bench.email

All send the same survey email to the same loopback server (`emails.rehearsal.server`, in a process of its own), over
plain HTTP and over TLS. (c) is the whole engine with one worker: claim, rules, render, commit, send, record. Writes
bench/results/email.md.
"""

import argparse
import ipaddress
import multiprocessing
import os
import resource
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import certifi
import sendgrid
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sendgrid.helpers.mail import Mail

from emails import tasks
from emails.rehearsal.server import API_KEY, FakeSendGrid
from emails.rehearsal.stock import stock
from emails.senders import payload
from emails.senders.base import Content, Mailbox, OutgoingEmail
from emails.senders.connection import Connection
from emails.senders.sendgrid import PATH, SendGridSender
from survey import clock, tokens
from survey.config import EmailTransport, load_settings
from survey.db import Base, db
from tests.databases import PostgreSQLDatabases
from wsgi import create_app

RESULTS = Path(__file__).resolve().parent / "results" / "email.md"
BATCH = 1_000
WATCHED_AT = (1_000, 20_000, 60_000, 100_000)


@dataclass(frozen=True)
class Line:
    """One measured way of sending: messages a second, the best of the repeats."""

    name: str
    rate: float


@dataclass
class Watched:
    """Megabytes that the sending process held, by how many emails it had sent."""

    database: str
    megabytes: dict[int, float] = field(default_factory=dict)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=20_000, help="for the engine")
    arguments.add_argument("--memory", type=int, default=0, help="also send so many in one run, watching the memory")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = []
        for secure in (False, True):
            certificate = _certificate(folder) if secure else None
            with _server(certificate) as url:
                context = ssl.create_default_context(cafile=str(certificate)) if certificate else None
                tables.append(_measure(url, context, certificate, folder, given.messages))
        memory = [_memory(folder, given.memory, name) for name in ("SQLite", "PostgreSQL")] if given.memory else []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _write(tables, given.messages, peak, memory)


def _memory(folder: Path, messages: int, database: str) -> Watched:
    """What the process holds while it sends so many, in a process of its own: nothing of other runs is in it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(theirs, folder, messages, database))
    process.start()
    try:
        found = ours.recv()
    finally:
        process.join()
    assert isinstance(found, Watched)
    return found


def _watch(pipe: Pipe, folder: Path, messages: int, database: str) -> None:
    watched = Watched(database)

    def look(sent: int) -> None:
        for mark in sorted({*WATCHED_AT, messages} - watched.megabytes.keys()):
            if sent >= mark:
                watched.megabytes[mark] = _resident()

    with _server(None) as url:
        databases = PostgreSQLDatabases() if database == "PostgreSQL" else None
        try:
            file = f"sqlite:///{folder / 'memory.sqlite'}"
            _engine(databases.empty(folder) if databases else file, folder, url, None, messages, look)
        finally:
            if databases:
                databases.close()
    pipe.send(watched)


def _resident() -> float:
    """Megabytes of this process in memory at this moment."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _measure(
    url: str, context: ssl.SSLContext | None, certificate: Path | None, folder: Path, messages: int
) -> list[Line]:
    email = _sample()
    lines = [
        Line("(a) `sendgrid` package, one by one", _rate(_by_package(url, certificate, email), 300)),
        Line("(b) keep-alive client, one by one", _rate(_one_by_one(url, context, email), 1_000)),
        Line("(d) bare client, 1,000 people a request", _rate(_bare(url, context, email), 20_000)),
    ]
    file = f"sqlite:///{folder / f'{time.monotonic_ns()}.sqlite'}"
    lines.append(Line("(c) the whole engine, SQLite", _engine(file, folder, url, context, messages)))
    databases = PostgreSQLDatabases()
    try:
        rate = _engine(databases.empty(folder), folder, url, context, messages)
        lines.append(Line("(c) the whole engine, PostgreSQL", rate))
    finally:
        databases.close()
    return lines


def _rate(send: Callable[[int], None], messages: int) -> float:
    send(min(messages, BATCH))  # connections, caches
    started = time.perf_counter()
    send(messages)
    return messages / (time.perf_counter() - started)


def _by_package(url: str, certificate: Path | None, email: OutgoingEmail) -> Callable[[int], None]:
    client = sendgrid.SendGridAPIClient(API_KEY)
    client.client.host = url
    if certificate:
        trusted = certificate.with_name("trusted.pem")  # as on any machine: the whole bundle, read for each connection
        trusted.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes())
        ssl._create_default_https_context = partial(ssl.create_default_context, cafile=str(trusted))

    def send(count: int) -> None:
        for _ in range(count):
            client.send(Mail(email.content.sender.email, email.to.email, email.subject, email.text, email.html))

    return send


def _one_by_one(url: str, context: ssl.SSLContext | None, email: OutgoingEmail) -> Callable[[int], None]:
    sender = SendGridSender(API_KEY, url, context=context)

    def send(count: int) -> None:
        for _ in range(count):
            sender.send([email])

    return send


def _bare(url: str, context: ssl.SSLContext | None, email: OutgoingEmail) -> Callable[[int], None]:
    connection = Connection(API_KEY, url, context=context)
    body = payload.encoded(payload.request(email.content, [payload.personalization(email)] * BATCH))

    def send(count: int) -> None:
        for _ in range(count // BATCH):
            connection.post(PATH, body)

    return send


def _engine(
    database_url: str,
    folder: Path,
    url: str,
    context: ssl.SSLContext | None,
    messages: int,
    look: Callable[[int], None] = lambda _sent: None,
) -> float:
    settings = load_settings(
        _env_file=None,
        instance_path=folder,
        database_url=database_url,
        secret_key=tokens.new_seed(),
        email_transport=EmailTransport.SENDGRID,
        sendgrid_api_key=API_KEY,
        sendgrid_base_url=url,
        log_level="ERROR",
    )
    app = create_app(settings)
    assert settings.secret_key
    with app.app_context():
        Base.metadata.create_all(db.engine)
        stock(db.session, settings.secret_key, messages + BATCH, clock.now() - timedelta(seconds=1))
    sender = SendGridSender(API_KEY, url, context=context)

    def step() -> int:
        with app.app_context():
            return tasks.send_due(sender, settings, clock.now())

    first = sent = step()  # connections, caches, templates
    started = time.perf_counter()
    while count := step():
        sent += count
        look(sent)
    taken = time.perf_counter() - started
    assert sent == messages + BATCH, f"{sent} of {messages + BATCH} were sent"
    with app.app_context():
        db.engine.dispose()
    return (sent - first) / taken


def _sample() -> OutgoingEmail:
    """An email of the size of ours: 2 KB of text, 15 KB of HTML, a dozen values."""
    content = Content(
        Mailbox("hello@rehearsal.example", "Rehearsal"), "", "en", "text -v- " * 220, "<p>-v-</p>" * 1_500
    )
    email = OutgoingEmail(
        "0" * 32, Mailbox("person@client.example", "Ana"), "How did we do?", content, clock.now(), "<1@x>"
    )
    return replace(email, values={f"-tag{number}-": "some words of theirs" for number in range(12)})


@contextmanager
def _server(certificate: Path | None) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, certificate), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def _serve(pipe: Pipe, certificate: Path | None) -> None:
    context: Any = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with FakeSendGrid(keep=False, context=context) as fake:
        pipe.send(fake.url)
        pipe.recv()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def _write(tables: list[list[Line]], messages: int, peak: float, memory: list[Watched]) -> None:
    lines = [
        "# Sending, in messages a second",
        "",
        "`python -m bench.email`, one worker, one run; the server is a Python process on the same two cores, whose "
        f"load was {os.getloadavg()[2]:.1f} over the last 15 minutes: the ratios say more than the rates. "
        "Each is one sample. "
        "Targets for (c): 8 × (a) over plain HTTP, 200 × (a) over TLS.",
        "",
    ]
    for title, table in zip(("Plain HTTP", "TLS"), tables, strict=True):
        base = table[0].rate
        lines += [f"## {title}", "", "| | messages/s | × (a) |", "|---|---:|---:|"]
        lines += [f"| {line.name} | {line.rate:,.0f} | {line.rate / base:,.1f} |" for line in table]
        lines.append("")
    lines += [f"The engine sent {messages:,} in each run; the process never held more than {peak:,.0f} MB.", ""]
    for watched in memory:
        held = "; ".join(f"{found:,.0f} MB after {sent:,}" for sent, found in watched.megabytes.items())
        lines += [f"Memory of the process over one run, {watched.database}: {held}.", ""]
    RESULTS.write_text("\n".join(lines))
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
