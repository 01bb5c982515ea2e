"""The people who sign in: making them, giving them a role, letting them go."""

import secrets
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.users import ROLES, Role, User

MOST_CALLS = 500


def find_person(session: Session, email: str) -> User | None:
    """The user with this address, whatever its case."""
    return session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))


def create_person(session: Session, email: str, role: str, now: datetime, *, name: str = "") -> User:
    """A new user without a password: the first way in is a one-time link.

    Raises:
        InvalidInputError: the address cannot be one, or there is no such role.
        ConflictError: somebody has this address already.
    """
    try:
        address = validate_email(email.strip(), check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError:
        raise InvalidInputError(f"{email!r} is not an email address.", field="email") from None
    if find_person(session, address):
        raise ConflictError(f"There is a user {address} already.")
    user = User(
        email=address.lower(),
        name=name.strip(),
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        roles=[get_role(session, role)],
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def set_role(session: Session, user: User, role: str) -> None:
    """Give `user` exactly this role.

    Raises:
        ConflictError: nobody would be left who may change settings.
        InvalidInputError: there is no such role.
    """
    if role != "admin" and _is_last_admin(session, user):
        raise ConflictError("At least one active admin must remain.")
    user.roles = [get_role(session, role)]
    session.flush()


def set_active(session: Session, user: User, active: bool) -> None:
    """Let `user` in, or keep them out: an inactive person's open sessions end with their next request.

    Raises:
        ConflictError: nobody would be left who may change settings.
    """
    if not active and _is_last_admin(session, user):
        raise ConflictError("At least one active admin must remain.")
    user.active = active
    session.flush()


def set_calls_per_week(session: Session, user: User | None, wanted: str) -> int | None:
    """How many flags `user` can work in a week, as it was typed; empty: as the firm says. No user: the firm itself.

    Raises:
        InvalidInputError: no whole number from 1 to MOST_CALLS, or none for the firm.
    """
    typed = wanted.strip()
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0
    if (typed or user is None) and not 1 <= number <= MOST_CALLS:
        raise InvalidInputError(f"Give a whole number from 1 to {MOST_CALLS}.", "calls")
    if user is None:
        get_firm(session).calls_per_week = number
    else:
        user.calls_per_week = number or None
    session.flush()
    return number or None


def get_role(session: Session, name: str) -> Role:
    """The role called `name`, made when the database has none yet.

    Raises:
        InvalidInputError: there is no such role.
    """
    if name not in ROLES:
        raise InvalidInputError(f"There is no role {name!r}: choose {', '.join(ROLES)}.", field="role")
    role = session.scalar(select(Role).where(Role.name == name))
    if role is None:
        role = Role(name=name, description=ROLES[name])
        session.add(role)
        session.flush()
    return role


def _is_last_admin(session: Session, user: User) -> bool:
    admins = set(session.scalars(select(User.id).join(User.roles).where(Role.name == "admin", User.active.is_(True))))
    return admins == {user.id}
