"""Files that a manager brought, kept in the instance folder between looking at them and importing them."""

import re
from datetime import datetime
from pathlib import Path

from survey import tokens
from survey.errors import NotFoundError

KEPT_SECONDS = 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9_-]{20,64}")


def keep(folder: Path, data: bytes, now: datetime) -> str:
    """Keep `data` for a day; returns the name under which `read` finds it. Older files are thrown away."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        if old.stat().st_mtime < now.timestamp() - KEPT_SECONDS:
            old.unlink(missing_ok=True)
    name = tokens.new_token()
    (folder / f"{name}.csv").write_bytes(data)
    return name


def read(folder: Path, name: str) -> bytes:
    """The file kept under `name`.

    Raises:
        NotFoundError: it was never there, or its day is over.
    """
    path = folder / f"{name}.csv"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFoundError("This file is no longer here. Please choose it again.")
    return path.read_bytes()
