"""One page of a long list. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PAGE_SIZE = 50
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """`items` is page `number` (from 1) of `total` rows, `size` to a page."""

    items: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The place of the first row shown, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The place of the last row shown."""
        return self.first + len(self.items) - 1


def page_number(text: str | None) -> int:
    """The page asked for in a query string; 1 for anything that is not a sensible number."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < int(text) < 1_000_000 else 1
