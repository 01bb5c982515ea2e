"""What the views of this package share: reading the query string, going back, and the words of the templates."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, request

from analysis.desk import words
from analysis.desk.highlight import stretches

Choice = TypeVar("Choice", bound=StrEnum)


def install(blueprint: Blueprint) -> None:
    """Give the templates of `blueprint` the desk's words and the cutter of comments."""
    blueprint.context_processor(lambda: {"words": words, "stretches": stretches})


def one_of(value: str | None, allowed: Sequence[str]) -> str:
    """`value` if it is allowed, else the first of `allowed`."""
    return value if value in allowed else allowed[0]


def member(kind: type[Choice], value: str | None) -> Choice | None:
    """The member of an enum with this value; None for anything else."""
    return kind(value) if value in set(kind) else None


def next_page(otherwise: str) -> str:
    """Where a form wants to go back to, if that is a page of this desk."""
    wanted = request.form.get("next", "")
    return wanted if wanted.startswith("/desk/") and "\\" not in wanted else otherwise
