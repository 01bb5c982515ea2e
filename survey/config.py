"""One settings object, complete at boot. Importing this module reads nothing."""

import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, HttpUrl, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from survey.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite://", "postgresql://", "postgres://", "postgresql+psycopg://")


class EmailTransport(StrEnum):
    """Where email goes."""

    MAILBOX = "mailbox"
    SENDGRID = "sendgrid"
    SMTP = "smtp"


class ReadingMode(StrEnum):
    """Which analyser reads what clients write."""

    CASCADE = "cascade"
    FAST = "fast"
    ACCURATE = "accurate"


class LogLevel(StrEnum):
    """How much is logged to stderr."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Settings(BaseSettings):
    """Every setting, read from the environment and from `.env`. docs/settings.md describes them for operators."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_file_encoding="utf-8", extra="ignore", frozen=True, str_strip_whitespace=True
    )

    database_url: str = ""
    secret_key: Annotated[str, StringConstraints(min_length=16)] | None = None
    public_url: HttpUrl = HttpUrl("http://127.0.0.1:8000")
    email_transport: EmailTransport | None = None
    sendgrid_api_key: str | None = None
    sendgrid_base_url: HttpUrl = HttpUrl("https://api.sendgrid.com")
    sendgrid_webhook_public_key: str | None = None
    inbound_domain: Annotated[
        str, StringConstraints(to_lower=True, pattern=r"^$|^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
    ] = ""
    sendgrid_inbound_public_key: str | None = None
    smtp_url: str | None = None
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    metrics_token: Annotated[str, StringConstraints(min_length=16)] | None = None
    demo: bool = True
    log_level: LogLevel = LogLevel.INFO
    text_analyser: ReadingMode = ReadingMode.CASCADE
    instance_path: Path = Field(default=ROOT / "instance")

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if value and not value.startswith(DATABASES):
            raise ValueError("expected sqlite:///file or postgresql://user:password@host/database")
        return value

    @model_validator(mode="after")
    def _transport_has_what_it_needs(self) -> Self:
        if self.transport is EmailTransport.SENDGRID and not self.sendgrid_api_key:
            raise ValueError("EMAIL_TRANSPORT is sendgrid, but SENDGRID_API_KEY is not set")
        if self.transport is EmailTransport.SMTP and not self.smtp_url:
            raise ValueError("EMAIL_TRANSPORT is smtp, but SMTP_URL is not set")
        return self

    @property
    def transport(self) -> EmailTransport:
        """The transport in force: the one named, else the one that has a key, else the local mailbox."""
        if self.email_transport:
            return self.email_transport
        if self.sendgrid_api_key:
            return EmailTransport.SENDGRID
        return EmailTransport.SMTP if self.smtp_url else EmailTransport.MAILBOX

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash."""
        return str(self.public_url).rstrip("/")

    @property
    def engine_url(self) -> str:
        """The SQLAlchemy URL: psycopg 3 for PostgreSQL, a file in the instance folder when nothing is set."""
        if not self.database_url:
            return f"sqlite:///{self.instance_path / 'clientele.sqlite'}"
        scheme, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else self.database_url


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; `overrides` win over the environment (tests, benchmarks).

    Raises:
        SettingsError: one message that names every bad or missing setting.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [_describe(item["loc"], item["msg"]) for item in error.errors()]
        raise SettingsError("Bad settings:\n" + "\n".join(f"  {line}" for line in lines)) from None
    if not settings.database_url:
        _make_folder(settings.instance_path)
    return settings if settings.secret_key else settings.model_copy(update={"secret_key": _kept_secret(settings)})


def _describe(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]).upper() if location else ""
    text = message.removeprefix("Value error, ")
    return f"{name}: {text}" if name else text


def _kept_secret(settings: Settings) -> str:
    """The secret key of an installation that set none: made once, kept readable by the owner alone."""
    path = settings.instance_path / "secret_key"
    _make_folder(settings.instance_path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"Cannot write to {settings.instance_path}: {error.strerror}.") from None
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"Cannot make the folder {path}: {error.strerror}.") from None
