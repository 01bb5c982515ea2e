"""The command text reanalyse: what a new model version would change, and doing it."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from analysis.reading import reanalysis, recalibration, subjects
from analysis.reading.analysers import analyser_with
from analysis.reading.readings import Words
from analysis.reading.reanalysis import Choice, FlagChange, Preview
from analysis.relationships.intervals import wilson
from analysis.text.analyser import SENTIMENTS, Reading, TextAnalyser
from survey import clock
from survey.db import begin_reading, db, transaction
from survey.firms import get_firm
from survey.progress import progress_bar
from survey.runtime import settings

BATCH = 100
SAMPLE = 200
CLIENTS_AT_ONCE = 50  # whose flags the sample is judged for
SHOWN_CLIENTS = 20


@click.command("reanalyse")
@click.option("--all-first", is_flag=True, help="Show what would change from all answers, not from a sample of 200.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was answered from this day on.")
@click.option("--model-from", default="", metavar="VERSION", help="Only what this version has read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; needs --yes or --dry-run.")
@with_appcontext
def reanalyse(
    all_first: bool, since: datetime | None, model_from: str, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Read history again with the present model: show what would change, ask, then do it.

    Killed or stopped, it goes on where it was when started again.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run to look only.")
    session = _reading()
    analyser = analyser_with(settings().text_analyser, subjects.in_force(session), recalibration.in_force(session))
    db.session.rollback()
    begin_reading(db.session)
    start = since.replace(tzinfo=ZoneInfo(get_firm(db.session).timezone)) if since else None
    choice = Choice(analyser.model, clock.as_utc(start) if start else None, model_from)
    by_model = reanalysis.counted(db.session, choice)
    document: dict[str, Any] = {"model": analyser.model, "answers": sum(by_model.values()), "by_model": by_model}
    if not by_model:
        _say(document | {"preview": None, "reread": 0, "left": 0, "stopped": False}, as_json)
        return
    preview = _preview(analyser, choice, everything=all_first)
    document["preview"] = preview.as_dict()
    if not as_json:
        _print_preview(document, preview)
    if dry_run:
        _say(document | {"reread": 0, "left": document["answers"], "stopped": False}, as_json)
        return
    if not yes:
        click.confirm(f"Read {document['answers']:,} answers again?", abort=True)
    reread, stopped = _reread(analyser, choice, document["answers"])
    begin_reading(db.session)
    left = sum(reanalysis.counted(db.session, choice).values())
    _say(document | {"reread": reread, "left": left, "stopped": stopped}, as_json)
    if stopped:
        raise click.exceptions.Exit(130)


def _preview(analyser: TextAnalyser, choice: Choice, *, everything: bool) -> Preview:
    """What would change: the verdicts of a sample, and the flags of some of its clients; or of all.

    No transaction is open while the model reads, and none writes.
    """
    verdicts: Counter[tuple[str, str]] = Counter()
    changes: list[FlagChange] = []
    judged = 0
    if everything:
        clients = reanalysis.affected(_reading(), choice)
    else:
        sample = reanalysis.sampled(_reading(), choice, SAMPLE)
        told, read = _read_again(analyser, sample, "Reading a sample")
        verdicts.update(told)
        clients = list(dict.fromkeys(words.client_id for words, _ in read))[:CLIENTS_AT_ONCE]
    for start in range(0, len(clients), CLIENTS_AT_ONCE):
        some = clients[start : start + CLIENTS_AT_ONCE]
        answers = reanalysis.said_by(_reading(), choice, some)
        told, read = _read_again(
            analyser, answers, f"Judging clients {start + 1}–{start + len(some)} of {len(clients)}"
        )
        if everything:
            verdicts.update(told)
        count, found = reanalysis.flag_changes(_reading(), analyser.model, some, read, clock.now())
        judged += count
        changes += found
    db.session.rollback()
    return Preview(dict(verdicts), judged, tuple(changes))


def _reading() -> Session:
    begin_reading(db.session)
    return db.session


def _read_again(
    analyser: TextAnalyser, answer_ids: Sequence[int], label: str
) -> tuple[list[tuple[str, str]], list[tuple[Words, Reading]]]:
    """Verdicts before and after, and the readings themselves."""
    verdicts: list[tuple[str, str]] = []
    read: list[tuple[Words, Reading]] = []
    with progress_bar(label, len(answer_ids)) as advance:
        for start in range(0, len(answer_ids), BATCH):
            part = reanalysis.verdicts_and_words(_reading(), answer_ids[start : start + BATCH])
            db.session.rollback()
            found = analyser.analyse([words.comment for _, words in part])
            for (before, words), reading in zip(part, found, strict=True):
                verdicts.append((before, reading.sentiment))
                read.append((words, reading))
            advance(len(part))
    return verdicts, read


def _reread(analyser: TextAnalyser, choice: Choice, total: int) -> tuple[int, bool]:
    """Batch by batch, each its own transaction; returns how many were read, and whether somebody stopped it."""
    done, place = 0, reanalysis.START
    with progress_bar("Reading again", total) as advance, _stopping() as stopped:
        while not stopped():
            batch = reanalysis.next_batch(_reading(), choice, place, BATCH)
            db.session.rollback()
            if batch is None:
                return done, False
            found = analyser.analyse([words.comment for words in batch.words])
            with transaction() as session:
                done += reanalysis.store_batch(session, analyser.model, batch, found, clock.now())
            place = batch.last
            advance(len(batch.words))
    return done, True


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Gives the question whether somebody wants to stop. The first signal lets the batch in hand be finished."""
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(number, before[signal.Signals(number)])  # the second one ends it at once, which is as safe

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    if not document["answers"]:
        click.echo(f"Nothing to read again: {document['model']} has read them all, or none fits the options.")
    elif document["stopped"]:
        click.echo(
            f"Stopped: {document['reread']:,} answers are read again, {document['left']:,} are left. "
            "What is done is kept; start the command again to go on.",
            err=True,
        )
    elif document["reread"]:
        left = f" {document['left']:,} are left; start it again." if document["left"] else ""
        click.echo(
            f"{document['reread']:,} answers are read by {document['model']}; the worker scores the clients.{left}"
        )
    else:
        click.echo("Nothing was written: this was a dry run.")


def _print_preview(document: dict[str, Any], preview: Preview) -> None:
    console = Console()
    by = ", ".join(f"{count:,} by {model}" for model, count in document["by_model"].items())
    console.print(Text(f"{document['answers']:,} answers would be read again by {document['model']}: {by}."))
    table = Table("before", *SENTIMENTS, title=f"Verdicts of {preview.read:,} answers, before (rows) and after")
    for before, row in document["preview"]["verdicts"].items():
        table.add_row(before, *(f"{row.get(after, 0):,}" for after in SENTIMENTS))
    console.print(table)
    interval = wilson(preview.changed, preview.read)
    if interval:
        exact = preview.read == document["answers"]
        likely = "" if exact else f", of all of them {interval[0]:.0%} to {interval[1]:.0%} (95% interval)"
        console.print(
            f"{preview.changed:,} of {preview.read:,} verdicts change ({preview.changed / preview.read:.0%}{likely})."
        )
    kinds = document["preview"]["flags"]
    console.print(
        f"Flags of {preview.clients:,} of the clients: {kinds['raised']} raised, {kinds['cleared']} cleared, "
        f"{kinds['severity']} of another severity."
    )
    for change in preview.flags[:SHOWN_CLIENTS]:
        console.print(Text(f"  {change.client}: {change.before or 'no flag'} → {change.after or 'no flag'}"))
    if len(preview.flags) > SHOWN_CLIENTS:
        console.print(f"  … and {len(preview.flags) - SHOWN_CLIENTS:,} more")
