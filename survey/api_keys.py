"""The keys with which other programs call the API. A key is shown once, when it is made; its fingerprint is kept."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import tokens
from survey.errors import ConflictError, InvalidInputError
from survey.users import ApiKey

KEY_PREFIX = "clk_"  # so that a key found in a log or a repository can be recognised
SHOWN_PREFIX = 12
NAME_LENGTH = 120
USE_IS_NOTED_EVERY = timedelta(minutes=1)  # a write for every request would make readers wait for each other


def create(session: Session, name: str, now: datetime) -> tuple[ApiKey, str]:
    """A new key for one program; the second value is the key itself, never to be seen again.

    Raises:
        InvalidInputError: the name is empty or too long.
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInputError(f"Give the key a name of at most {NAME_LENGTH} characters.", "name")
    plaintext = KEY_PREFIX + tokens.new_token()
    key = ApiKey(name=name, prefix=plaintext[:SHOWN_PREFIX], key_hash=tokens.fingerprint(plaintext), created_at=now)
    session.add(key)
    session.flush()
    return key, plaintext


def revoke(session: Session, key: ApiKey, now: datetime) -> None:
    """The key opens nothing from now on.

    Raises:
        ConflictError: it was revoked before.
    """
    if key.revoked_at is not None:
        raise ConflictError(f"The key “{key.name}” was revoked before.")
    key.revoked_at = now
    session.flush()


def authenticate(session: Session, plaintext: str) -> ApiKey | None:
    """The key that was sent, if it is one of ours and not revoked."""
    statement = select(ApiKey).where(ApiKey.key_hash == tokens.fingerprint(plaintext), ApiKey.revoked_at.is_(None))
    return session.scalar(statement)


def use_is_worth_noting(key: ApiKey, now: datetime) -> bool:
    """Whether the last use that we noted is a while ago."""
    return key.last_used_at is None or now - key.last_used_at >= USE_IS_NOTED_EVERY


def note_use(session: Session, key_id: int, now: datetime) -> None:
    """Remember that the key was used."""
    session.get_one(ApiKey, key_id).last_used_at = now
    session.flush()
