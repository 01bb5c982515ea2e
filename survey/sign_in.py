"""One-time sign-in links. The database keeps their fingerprints only, the outbox a seed: neither opens the desk."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from survey import tokens
from survey.config import Settings
from survey.users import SignInLink, User

LINK_HOURS = 24
PURPOSE = "sign-in"


def link_url(settings: Settings, seed: str) -> str:
    """The address of the link that was made from `seed`."""
    return f"{settings.base_url}/sign-in/{_token(settings, seed)}"


def add_link(
    session: Session, settings: Settings, user: User, seed: str, now: datetime, *, hours: float = LINK_HOURS
) -> None:
    """Record the link of `seed` (`tokens.new_seed()`): it signs `user` in once, within `hours`."""
    session.add(
        SignInLink(
            user_id=user.id,
            token_hash=tokens.fingerprint(_token(settings, seed)),
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    session.flush()


def find_link(session: Session, token: str, now: datetime) -> User | None:
    """Whom an unused and unexpired link signs in; None for every other token. Uses nothing up."""
    return session.scalar(
        select(User)
        .join(SignInLink, SignInLink.user_id == User.id)
        .where(
            SignInLink.token_hash == tokens.fingerprint(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
            User.active.is_(True),
        )
    )


def use_link(session: Session, token: str, now: datetime) -> User | None:
    """Use a link up and return whom it signs in; None when it is unknown, expired or already used.

    One UPDATE decides, so that of two requests at once only one gets in.
    """
    user = find_link(session, token, now)
    used = session.execute(
        update(SignInLink)
        .where(SignInLink.token_hash == tokens.fingerprint(token), SignInLink.used_at.is_(None))
        .values(used_at=now)
    )
    return user if cast("CursorResult[Any]", used).rowcount == 1 else None


def _token(settings: Settings, seed: str) -> str:
    return tokens.derive(settings.secret_key or "", PURPOSE, seed)
