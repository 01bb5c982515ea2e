"""The word lists beside this package (`data/`). Each says in its head, or where it is read, whence it comes."""

import gzip
from pathlib import Path

DATA = Path(__file__).parent / "data"


def pairs(name: str) -> list[tuple[str, str]]:
    """The (key, value) lines of `data/<name>.txt`, in order; the value is empty on a line without a tab."""
    found = []
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, value = line.partition("\t")
            found.append((key.strip(), value.strip()))
    return found


def packed(name: str) -> frozenset[str]:
    """The words of `data/<name>.txt.gz`, one a line."""
    with gzip.open(DATA / f"{name}.txt.gz", "rt", encoding="utf-8") as words:
        return frozenset(words.read().split())
