"""What an operator should know: settings, database, migrations, worker, firm. Each finding says what to do."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import schema
from survey.config import EmailTransport, Settings
from survey.db import db
from survey.firms import get_firm
from survey.heartbeat import STALE_SECONDS, WORKER, last_beat
from survey.users import Role, User


class Level(StrEnum):
    """How bad a finding is. Only `fail` makes `flask doctor` exit with 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it stands, and what to do about it ("" when nothing)."""

    name: str
    level: Level
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}


Checker = Callable[[Session, Settings, datetime], Iterable[Check]]


def examine(settings: Settings, now: datetime, checkers: Sequence[Checker]) -> list[Check]:
    """Every finding, in the order in which to mend them. Rows are read only from a database that is current."""
    findings = [*check_address(settings), check_database()]
    if findings[-1].level is not Level.FAIL:
        for checker in (check_people, check_worker, check_firm, *checkers):
            findings.extend(checker(db.session, settings, now))
    return findings


def check_address(settings: Settings) -> Iterator[Check]:
    """The public address must be one that a client's phone can open."""
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    if _is_local(host):
        level = Level.OK if settings.transport is EmailTransport.MAILBOX else Level.FAIL
        advice = "" if level is Level.OK else "Set PUBLIC_URL to the address that clients can open, or links will fail."
        yield Check("public address", level, f"{settings.base_url}, this machine only", advice)
    elif parts.scheme != "https":
        yield Check(
            "public address", Level.WARN, f"{settings.base_url}, not encrypted", "Put an https proxy in front of it."
        )
    else:
        yield Check("public address", Level.OK, settings.base_url)
        if not settings.trusted_proxies:
            yield Check(
                "proxy",
                Level.WARN,
                "TRUSTED_PROXIES is 0, so all visitors share the proxy's rate limits",
                "Set TRUSTED_PROXIES=1 when one proxy of yours is in front.",
            )


def check_database() -> Check:
    """Reachable, and migrated to what this code expects."""
    try:
        current, newest = schema.revisions()
    except schema.SchemaError as error:
        return Check("database", Level.FAIL, str(error), "Look at DATABASE_URL, and whether the server runs.")
    if current != newest:
        return Check(
            "database",
            Level.FAIL,
            "there are no tables yet" if not current else f"is at {', '.join(sorted(current))}",
            "Run `flask db upgrade`.",
        )
    return Check("database", Level.OK, f"{db.engine.dialect.name}, migrated ({', '.join(sorted(newest))})")


def check_people(session: Session, _settings: Settings, _now: datetime) -> Iterator[Check]:
    """Somebody must be able to change settings."""
    admins = session.scalars(select(User.id).join(User.roles).where(Role.name == "admin", User.active.is_(True))).all()
    if admins:
        yield Check("people", Level.OK, f"{len(admins)} active admin{'s' if len(admins) > 1 else ''}")
    else:
        yield Check("people", Level.FAIL, "nobody can sign in as admin", "Run `flask user create EMAIL --role admin`.")


def check_worker(session: Session, _settings: Settings, now: datetime) -> Iterator[Check]:
    """The worker must have said something in the last minute."""
    beat = last_beat(session, WORKER)
    seconds = (now - beat).total_seconds() if beat else None
    if seconds is not None and seconds < STALE_SECONDS:
        yield Check("worker", Level.OK, f"alive {seconds:.0f} s ago")
    else:
        found = f"silent for {seconds:,.0f} s" if seconds is not None else "does not run"
        yield Check("worker", Level.FAIL, found, "Start it: `flask serve`, or `flask worker` as a service.")


def check_firm(session: Session, settings: Settings, _now: datetime) -> Iterator[Check]:
    """What every email to a client must carry."""
    firm = get_firm(session)
    serious = Level.WARN if settings.transport is EmailTransport.MAILBOX else Level.FAIL
    for name, value in (("sender address", firm.sender_email), ("postal address", firm.postal_address)):
        if value:
            yield Check(name, Level.OK, value)
        else:
            yield Check(name, serious, "is not set", "Set it in the desk: Settings, Your firm.")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
