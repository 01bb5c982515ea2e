"""The command learning refit: the loss weights fitted to this firm's own past."""

from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from analysis.backtest.stage_bars import StageBars
from analysis.desk.loss_weights import loss_document, loss_proposal
from analysis.learning import loss_learning
from analysis.learning.deciding_cli import ACTIONS, Outline, run
from analysis.learning.refits import readiness
from analysis.models import Calibration
from survey import clock
from survey.db import begin_reading, db, transaction


@click.command("refit")
@with_appcontext
@click.argument("what", type=click.Choice(ACTIONS), default="show")
@click.argument("number", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def refit(what: str, number: int | None, as_json: bool) -> None:
    """Fit the weights of the chance of loss to who this firm has lost.

    show (or nothing) says what is in force and what is proposed; propose replays the firm's past, fits and keeps a
    proposal; accept, reject and undo decide on it, or on proposal NUMBER. Nothing changes before it is accepted.
    """
    run(OUTLINE, what, number, as_json=as_json)


def _propose() -> Calibration:
    from analysis.learning import loss_refit  # NumPy, which only the commands and the worker load

    begin_reading(db.session)
    ready = readiness(db.session)
    if ready.missing:
        raise click.ClickException(ready.missing)
    with StageBars() as bars:
        material = loss_refit.gather(db.session, clock.now(), bars)
        db.session.rollback()
        found = loss_refit.fit(material, bars)
    with transaction() as session:
        row = loss_refit.keep(session, found, clock.now())
    if row is None:
        raise click.ClickException(f"{found.why} Nothing is proposed.")
    return row


def _show(document: dict[str, Any]) -> None:
    click.echo(f"In force: {document['in_force']['version']}")
    table = Table("weight", "in force", "as shipped")
    for name, value in document["in_force"]["fitted"].items():
        table.add_row(name, f"{value:.2f}", f"{document['shipped']['fitted'].get(name, 0.0):.2f}")
    Console().print(table)
    if document["proposal"]:
        _print_proposal(document["proposal"])
    elif document["missing"]:
        click.echo(document["missing"], err=True)


def _print_proposal(document: dict[str, Any]) -> None:
    report = document["report"]
    click.echo(f"Proposal {document['id']} from {report['lost']} lost of {report['clients']} clients:")
    table = Table("weight", "in force", "proposed")
    table.add_row("starting point", f"{report['before']['intercept']:.2f}", f"{document['weights']['intercept']:.2f}")
    for name, value in document["weights"]["fitted"].items():
        table.add_row(name, f"{report['before']['fitted'].get(name, 0.0):.2f}", f"{value:.2f}")
    Console().print(table)
    measured = Table("on clients held out", "in force", "proposed")
    for key, label in (("auc", "AUC"), ("brier", "Brier score"), ("slope", "calibration slope")):
        measured.add_row(label, _range(report["now"][key]), _range(report["fitted"][key]))
    Console().print(measured)
    for change in document["changes"]:
        click.echo(f"  {change['client']}: {change['before']:.0%} → {change['after']:.0%}")
    for key, label in (("raised", "would be flagged"), ("cleared", "would no longer be flagged")):
        names = ", ".join(client["client"] for client in document[key]) or "nobody"
        click.echo(f"{label}: {names}")
    click.echo(f"Decide on the desk, under Learning, or: flask learning refit accept {document['id']}", err=True)


def _range(value: dict[str, float | None]) -> str:
    found, low, high = ("–" if number is None else f"{number:.3f}" for number in value.values())
    return f"{found} ({low}–{high})"


OUTLINE = Outline(
    proposals=loss_learning.losses,
    state=loss_document,
    show=_show,
    propose=_propose,
    proposal=loss_proposal,
    show_proposal=_print_proposal,
    afterwards="Every client is scored again by the worker.",
)
