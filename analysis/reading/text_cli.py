"""Commands: text analyse, text reanalyse, text calibrate, text themes, text corrections."""

import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table

from analysis.desk.confusion import corrections_page
from analysis.reading.analysers import analyser as analyser_of
from analysis.reading.calibrate_cli import calibrate
from analysis.reading.reanalyse_cli import reanalyse
from analysis.reading.themes_cli import show_themes
from analysis.reading.training_rows import training_rows
from analysis.text.analyser import SENTIMENTS, Comment
from survey.config import ReadingMode
from survey.db import begin_reading, db
from survey.errors import InvalidInputError
from survey.progress import progress_bar
from survey.runtime import settings

LINES_AT_ONCE = 500

text_group = AppGroup("text", help="Reading what clients write.")
text_group.add_command(reanalyse)
text_group.add_command(show_themes)
text_group.add_command(calibrate)


@text_group.command("analyse")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--analyser",
    "mode",
    type=click.Choice([mode.value for mode in ReadingMode]),
    help="Which one reads; else the one of the setting TEXT_ANALYSER.",
)
def analyse_text(file: BinaryIO, mode: str | None) -> None:
    """Read the comments in FILE (- reads stdin), one a line; print one JSON object a line.

    A line is plain text, or a JSON object with `text` and, where known, `question` and `rating` (1 to 5).
    """
    analyser = analyser_of(ReadingMode(mode) if mode else settings().text_analyser)
    bad = 0
    with _bar_of(file) as advance:
        lines = enumerate(file, start=1)
        while batch := list(islice(lines, LINES_AT_ONCE)):
            comments = []
            for number, line in batch:
                try:
                    comments.append(parse_comment(line))
                except InvalidInputError as error:
                    bad += 1
                    click.echo(f"line {number}, {error}", err=True)
            if comments:
                click.echo("\n".join(json.dumps(reading.as_dict()) for reading in analyser.analyse(comments)))
            advance(sum(len(line) for _number, line in batch))
    if bad:
        raise click.exceptions.Exit(1)


@contextmanager
def _bar_of(file: BinaryIO) -> Iterator[Callable[[int], None]]:
    """A bar over the file's bytes; none where it would be drawn into the result on the same terminal."""
    if sys.stdout.isatty():
        yield lambda _done: None
        return
    try:
        size = os.fstat(file.fileno()).st_size or None
    except OSError:
        size = None
    with progress_bar("Reading", size, counted=False) as advance:
        yield advance


def parse_comment(line: bytes) -> Comment:
    """One line of input as a comment.

    Raises:
        InvalidInputError: the line is not UTF-8, or begins as a JSON object and is none with a `text`; the message
            begins with the column.
    """
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"column {error.start + 1}: not UTF-8 text") from None
    if not text.lstrip().startswith("{"):
        return Comment(text)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"column {error.colno}: not a JSON object ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"column 1: not a JSON object ({error})") from None
    words, question, rating = found.get("text"), found.get("question") or "", found.get("rating")
    if not isinstance(words, str):
        raise InvalidInputError(f"{_column(text, 'text')}: `text` is missing or not a string")
    if not isinstance(question, str):
        raise InvalidInputError(f"{_column(text, 'question')}: `question` is not a string")
    if rating is None:
        return Comment(words, question)
    known = isinstance(rating, int | float) and not isinstance(rating, bool)
    if not known or not (math.isfinite(rating) and 1 <= rating <= 5):
        raise InvalidInputError(f"{_column(text, 'rating')}: `rating` is not a number from 1 to 5")
    return Comment(words, question, float(rating))


def _column(text: str, key: str) -> str:
    """Where the key stands, counted from 1; the beginning when it does not."""
    place = re.search(rf'"{key}"\s*:', text)
    return f"column {place.start() + 1 if place else 1}"


@text_group.command("corrections")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for training.")
def list_corrections(as_json: bool) -> None:
    """What people corrected: how often each sentiment became another; with --json the comments themselves."""
    begin_reading(db.session)
    if as_json:
        for row in training_rows(db.session):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    found = corrections_page(db.session).table
    table = Table("said", *SENTIMENTS, "all", title="Corrected to")
    for said in SENTIMENTS:
        table.add_row(said, *(str(found.cells.get((said, name), 0)) for name in SENTIMENTS), str(found.row(said)))
    Console().print(table)
    click.echo(f"{found.total} corrected comments", err=True)
