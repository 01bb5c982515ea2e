"""What the views of this package share: reading the query string, going back, and the words of the templates."""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any, TypeVar, cast

from flask import Blueprint, flash, request, url_for

from analysis.desk import words
from analysis.desk.highlight import stretches
from analysis.models import FollowUp, OwnAspect
from analysis.reading.subjects import own_subjects
from survey.db import db
from survey.questionnaire import ABOUT_WORDS

Choice = TypeVar("Choice", bound=StrEnum)


def install(blueprint: Blueprint) -> None:
    """Give the templates of `blueprint` the desk's words and the cutter of comments."""
    blueprint.context_processor(_shared)


def _shared() -> dict[str, Any]:
    numbers = count(1)
    own = cache(lambda: own_subjects(db.session))  # asked for when a page names a subject, and once

    def names() -> dict[str, str]:
        return {row.key: row.name for row in own()}

    return {
        "words": words,
        "about_words": ABOUT_WORDS,
        "stretches": lambda text, evidence=(), aspects=(), sentences=(): stretches(
            text, evidence, aspects, names(), sentences
        ),
        "subject_words": lambda aspect: words.aspect_words(aspect, names()),
        "subject_choices": lambda: subject_choices(own()),
        "next_number": lambda: next(numbers),  # for ids: a page may show one comment twice
    }


def subject_choices(own: Sequence[OwnAspect]) -> list[tuple[str, str]]:
    """Every subject that can be chosen, built in or the firm's own, with its name."""
    return [*words.ASPECT_WORDS.items(), *((row.key, row.name) for row in own if row.archived_at is None)]


def one_of(value: str | None, allowed: Sequence[str]) -> str:
    """`value` if it is allowed, else the first of `allowed`."""
    return value if value and value in allowed else allowed[0]


def member(kind: type[Choice], value: str | None) -> Choice | None:
    """The member of an enum with this value; None for anything else."""
    return kind(value) if value in set(kind) else None


def next_page(otherwise: str) -> str:
    """Where a form wants to go back to, if that is a page of this desk."""
    wanted = request.values.get("next", "")
    return wanted if wanted.startswith("/desk/") and "\\" not in wanted else otherwise


def flash_undo(text: str, follow_up: FollowUp) -> None:
    """Say what was done, with a button that takes it back."""
    flash_with_undo(text, url_for("flags.undo", follow_up_id=follow_up.id))


def flash_with_undo(text: str, undo_url: str) -> None:
    """Say what was done, with a button that posts to `undo_url`."""
    flash(cast("Any", {"text": text, "undo": undo_url}), "good")
