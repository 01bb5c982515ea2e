"""The command text calibrate: how right the readings are, and the firm's own calibration."""

from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from analysis.desk.spot_checks import calibration_document, report_document
from analysis.learning.deciding_cli import ACTIONS, Outline, run
from analysis.models import TextCalibration
from analysis.reading import recalibration
from analysis.reading.recalibration import calibrations
from survey import clock
from survey.db import transaction


@click.command("calibrate")
@with_appcontext
@click.argument("what", type=click.Choice(ACTIONS), default="show")
@click.argument("number", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def calibrate(what: str, number: int | None, as_json: bool) -> None:
    """Fit sentiment's probabilities to this firm, from comments checked on the desk (Comments, Check).

    show (or nothing) says how right the readings are; propose fits and keeps a proposal; accept, reject and undo decide
    on it, or on calibration NUMBER.
    """
    run(OUTLINE, what, number, as_json=as_json)


def _propose() -> TextCalibration:
    with transaction() as session:
        attempt = recalibration.propose(session, clock.now())
    if attempt.proposal is None:
        found = attempt.found
        figures = f" Log loss {found.loss_before:.3f} now, {found.loss_after:.3f} fitted." if found else ""
        raise click.ClickException(f"{attempt.why}{figures} Nothing is proposed.")
    return attempt.proposal


def _show(document: dict[str, Any]) -> None:
    table = Table("read as", "checked", "right", "share of all", "95% interval")
    for said, one in document["agreement"].items():
        share = f"{one['share']:.0%}" if one["share"] is not None else ""
        interval = f"{one['interval'][0]:.0%}–{one['interval'][1]:.0%}" if one["interval"] else ""
        table.add_row(said, str(one["checked"]), str(one["agreed"]), share, interval)
    Console().print(table)
    force, proposal = document["in_force"], document["proposal"]
    stale = " (fitted to another version: not used)" if force and force["base"] != document["base"] else ""
    click.echo(f"In force: {'calibration ' + str(force['id']) + stale if force else 'as delivered'}")
    if proposal:
        _print_report(proposal)
    elif document["lacking"]:
        click.echo(document["lacking"], err=True)


def _print_report(document: dict[str, Any]) -> None:
    report, biases = document["report"], document["biases"]
    numbers = ", ".join(f"{name} {bias:+.2f}" for name, bias in biases.items())
    click.echo(f"Proposal {document['id']} from {report['checked']} checked comments:")
    click.echo(f"temperature {document['temperature']:.2f}, {numbers}.")
    click.echo(
        f"On comments it was not fitted to: log loss {report['loss_before']:.3f} → {report['loss_after']:.3f} "
        f"(± {report['doubt']:.3f}), calibration error {report['error_before']:.3f} → {report['error_after']:.3f}."
    )
    click.echo(f"{report['changed']:,} of {report['readings']:,} stored readings would get another verdict:")
    for move in report["moves"]:
        click.echo(f"  {move['count']:,} from {move['before']} to {move['after']}")
    click.echo(f"Decide on the desk, or: flask text calibrate accept {document['id']}", err=True)


OUTLINE = Outline(
    proposals=calibrations,
    state=report_document,
    show=_show,
    propose=_propose,
    proposal=lambda _session, row: calibration_document(row),
    show_proposal=_print_report,
    afterwards="See what it changes in history: flask text reanalyse --dry-run",
)
