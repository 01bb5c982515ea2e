"""Changing the firm's settings. What is saved holds for every survey that has not been sent yet."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.asking.deciding import house_of, shares_now
from survey.asking.reweighing import apply_all, reweigh
from survey.db import row_by_id
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.languages import primary
from survey.logos import Logo
from survey.models import FirmLogo
from survey.promise import PromiseStep, promise_steps, written_in
from survey.register import slug

MOST_STEPS = 10
STEP_LENGTH = 160
KEY_LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class Identity:
    """How the firm looks to its clients, and in what language, zone and currency the desk speaks."""

    name: str
    colour: str
    website: str
    postal_address: str
    sender_name: str
    sender_email: str
    reply_to: str
    language: str
    timezone: str
    currency: str


def save_identity(session: Session, identity: Identity, now: datetime) -> None:
    """Save how the firm looks. A new time zone moves what is scheduled for contacts without one of their own."""
    firm = get_firm(session)
    shares = shares_now(session)
    before = house_of(firm, shares)
    for name, value in asdict(identity).items():
        setattr(firm, name, value)
    firm.updated_at = now
    session.flush()
    if before.timezone != firm.timezone:
        apply_all(session, reweigh(session, before, house_of(firm, shares), now), now)


def save_logo(session: Session, logo: Logo, now: datetime) -> None:
    """Show this logo to clients from now on. The one before stays, for emails that show it and for the way back."""
    row = session.get(FirmLogo, logo.digest)
    if row is None:
        row = FirmLogo(digest=logo.digest, about=logo.as_dict(), data=logo.data, chosen_at=now)
        session.add(row)
    _show(session, row, now)


def use_logo(session: Session, digest: str, now: datetime) -> None:
    """Show a logo that the firm had before; with "" none.

    Raises:
        NotFoundError: it never had this one.
    """
    row = row_by_id(session, FirmLogo, digest, "This logo is not here any more.") if digest else None
    _show(session, row, now)


def logo_before(session: Session) -> FirmLogo | None:
    """The logo that the firm showed before the present one, or before it showed none."""
    present = get_firm(session).logo.get("digest", "")
    earlier = select(FirmLogo).where(FirmLogo.digest != present)
    return session.scalars(earlier.order_by(FirmLogo.chosen_at.desc()).limit(1)).first()


def _show(session: Session, row: FirmLogo | None, now: datetime) -> None:
    firm = get_firm(session)
    firm.logo, firm.updated_at = row.about if row else {}, now
    if row:
        row.chosen_at = now
    session.flush()


def save_promise(session: Session, steps: Sequence[PromiseStep], now: datetime) -> None:
    """Save the service promise, in this order. A step without a key is new and gets one.

    Raises:
        InvalidInputError: too many steps, one that is empty or too long, or two that say the same.
    """
    if len(steps) > MOST_STEPS:
        raise InvalidInputError(f"{MOST_STEPS} steps are the most a client will read.")
    texts = [step.text.strip() for step in steps]
    said = [{code: text.strip() for code, text in step.texts.items() if text.strip()} for step in steps]
    for text in (text for own in said for text in own.values()):
        if len(text) > STEP_LENGTH:
            raise InvalidInputError(f"“{text[:40]}…” is longer than {STEP_LENGTH} characters.")
    for text in texts:
        if not text:
            raise InvalidInputError("A step has no text. Write what the client should see happen, or remove it.")
        if len(text) > STEP_LENGTH:
            raise InvalidInputError(f"“{text[:40]}…” is longer than {STEP_LENGTH} characters.")
    if len({text.casefold() for text in texts}) < len(texts):
        raise InvalidInputError("Two steps say the same.")
    firm, keys = get_firm(session), [step.key for step in steps]
    promise: list[dict[str, Any]] = []
    for step, text, own in zip(steps, texts, said, strict=True):
        key = step.key or _free_key(text, {*keys, *(kept["key"] for kept in promise)})
        promise.append(PromiseStep(key, text, own).as_dict())
    firm.promise, firm.updated_at = promise, now
    session.flush()


def put_step_back(session: Session, place: int, step: PromiseStep, now: datetime) -> None:
    """A step that was taken out is promised again, at its place and under its name, so that its answers go on.

    Raises:
        ConflictError: it is promised already.
        InvalidInputError: as `save_promise` does.
    """
    firm = get_firm(session)
    steps = written_in(promise_steps(firm.promise), primary(firm.language))
    if step.key in {known.key for known in steps}:
        raise ConflictError("This step is back already.")
    save_promise(session, [*steps[:place], step, *steps[place:]], now)


def _free_key(text: str, taken: set[str]) -> str:
    base, number = slug(text).replace("-", "_")[: KEY_LENGTH - 3].strip("_"), 1
    while (key := base if number == 1 else f"{base}_{number}") in taken:
        number += 1
    return key
