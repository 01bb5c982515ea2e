"""What people do with themes: give them a name of their own, hide them."""

from datetime import datetime

from sqlalchemy.orm import Session

from analysis.models import THEME_NAME, Theme
from survey.db import row_by_id
from survey.errors import InvalidInputError


def theme_by_id(session: Session, theme_id: int) -> Theme:
    """The theme. Raises NotFoundError as `row_by_id`."""
    return row_by_id(session, Theme, theme_id, "There is no such theme.")


def rename(theme: Theme, name: str, user_id: int | None, now: datetime) -> None:
    """Call a theme by a name of the firm's own, which stays.

    Raises:
        InvalidInputError: the name is empty or too long.
    """
    name = " ".join(name.split())
    if not name:
        raise InvalidInputError("Please type a name.", "name")
    if len(name) > THEME_NAME:
        raise InvalidInputError(f"Please keep the name under {THEME_NAME} characters.", "name")
    theme.name, theme.named_by_id, theme.renamed_at = name, user_id, now


def hide(theme: Theme, now: datetime) -> None:
    """Leave a theme out of the page; it goes on being found."""
    theme.hidden_at = theme.hidden_at or now


def show_again(theme: Theme) -> None:
    """Take hiding back."""
    theme.hidden_at = None
