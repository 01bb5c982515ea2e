"""What a desk page is sent by its reader, and what it says in return: a toast, with undo where there is a way back."""

from typing import Any

from flask import flash, request
from werkzeug.datastructures import MultiDict


def posted() -> MultiDict[str, str] | None:
    """What a form sent; None when the page is only looked at (to WTForms an empty form unticks every box)."""
    return request.form if request.method == "POST" else None


def tell(text: str, tone: str = "good", *, undo: str | None = None) -> None:
    """Show `text` on the next page. `tone`: good, info, warning, danger. `undo`: an address that takes it back."""
    message: Any = {"text": text, "undo": undo} if undo else text
    flash(message, tone)
