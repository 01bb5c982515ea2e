"""How often one caller may knock. The counts live in our own database, so they hold across all web processes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import Storage
from sqlalchemy import Engine, Table, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from survey import clock, tokens
from survey.db import db
from survey.users import RateLimit

RATES: Table = RateLimit.__table__  # type: ignore[assignment]


class DatabaseStorage(Storage):
    """Counts fixed windows in `rate_limits`. Each call is one short transaction on a connection of its own.

    Keys are kept as fingerprints: the table holds no addresses.
    """

    STORAGE_SCHEME = ["database"]  # noqa: RUF012

    def __init__(self, uri: str | None = None, *, engine: Engine, **_options: Any) -> None:
        super().__init__(uri)
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    @property
    @override
    def base_exceptions(self) -> type[Exception]:
        return SQLAlchemyError

    @override
    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = clock.now().timestamp()
        over = RATES.c.expires_at <= now
        statement = (
            self._insert(RATES)
            .values(key=tokens.fingerprint(key), hits=amount, expires_at=now + expiry)
            .on_conflict_do_update(
                index_elements=[RATES.c.key],
                set_={
                    "hits": case((over, amount), else_=RATES.c.hits + amount),
                    "expires_at": case((over, now + expiry), else_=RATES.c.expires_at),
                },
            )
            .returning(RATES.c.hits)
        )
        with self._engine.begin() as connection:
            hits = int(connection.execute(statement).scalar_one())
            if hits == amount:  # a new window: the moment to forget old ones
                connection.execute(delete(RATES).where(RATES.c.expires_at < now))
        return hits

    @override
    def get(self, key: str) -> int:
        row = self._read(key)
        return row[0] if row else 0

    @override
    def get_expiry(self, key: str) -> float:
        row = self._read(key)
        return row[1] if row else clock.now().timestamp()

    def _read(self, key: str) -> tuple[int, float] | None:
        query = select(RATES.c.hits, RATES.c.expires_at).where(
            RATES.c.key == tokens.fingerprint(key), RATES.c.expires_at > clock.now().timestamp()
        )
        with self._engine.connect().execution_options(reading=True) as connection:
            row = connection.execute(query).first()
        return (int(row[0]), float(row[1])) if row else None

    @override
    def check(self) -> bool:
        with self._engine.connect().execution_options(reading=True) as connection:
            connection.execute(select(RATES.c.key).limit(1))
        return True

    @override
    def reset(self) -> int:
        with self._engine.begin() as connection:
            return connection.execute(delete(RATES)).rowcount

    @override
    def clear(self, key: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(RATES).where(RATES.c.key == tokens.fingerprint(key)))


@dataclass(frozen=True)
class Rate:
    """At most `times` ("10/minute;100/hour") requests to `blueprint` by one caller, or with `by_path` to one URL."""

    blueprint: str  # by name, since flask-security makes its own
    times: str
    methods: tuple[str, ...] = ("POST",)
    by_path: bool = False


ON_ANSWERS = (Rate("respond", "240/minute"), Rate("respond", "30/minute", by_path=True))


def init_app(app: Flask, rates: Iterable[Rate]) -> None:
    """Enforce `rates`. Comes before sign-in: the count must not wait for a transaction of the request itself."""
    with app.app_context():
        engine = db.engine
    limiter = Limiter(
        caller,
        storage_uri="database://",
        storage_options={"engine": engine},  # type: ignore[dict-item]
        strategy="fixed-window",
        retry_after="delta-seconds",
        headers_enabled=False,
        swallow_errors=True,  # a count that cannot be kept must not cost a client's answer; it is logged
    )
    limiter.request_filter(lambda: not current_app.config.get("RATE_LIMITS", True))
    limiter.init_app(app)
    for rate in rates:
        key = _path if rate.by_path else caller
        limiter.limit(rate.times, methods=list(rate.methods), key_func=key)(Blueprint(rate.blueprint, __name__))


def caller() -> str:
    """Who is knocking: the API key where one is sent, else the address the request came from."""
    authorization = request.headers.get("Authorization")
    return tokens.fingerprint(authorization) if authorization else get_remote_address()


def _path() -> str:
    return request.path
