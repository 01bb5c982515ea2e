"""What the desk says after an action: a toast, with an undo button where there is a way back."""

from typing import Any

from flask import flash


def tell(text: str, tone: str = "good", *, undo: str | None = None) -> None:
    """Show `text` on the next page. `tone`: good, info, warning, danger. `undo`: an address that takes it back."""
    message: Any = {"text": text, "undo": undo} if undo else text
    flash(message, tone)
