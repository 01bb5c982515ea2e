"""`flask backtest`: the firm's own past, replayed week by week."""

import json
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from analysis.backtest.stage_bars import StageBars
from analysis.reading.analysers import analyser
from survey.config import ReadingMode
from survey.errors import InvalidInputError

csv_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("backtest")
@click.argument("jobs", type=csv_file)
@click.argument("responses", type=csv_file)
@click.argument("lost", type=csv_file)
@click.option(
    "--flags-out", type=click.Path(dir_okay=False, path_type=Path), help="Write week, client_ref, risk, flagged."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def backtest(jobs: Path, responses: Path, lost: Path, flags_out: Path | None, as_json: bool) -> None:
    """Replay a past week by week, seeing only what was known then, and measure it against the rules that are usual.

    LOST names the clients who were lost: client_ref, last_job_at. It is used for measuring alone.
    """
    from analysis.backtest import run as service  # NumPy, which web pages must not wait for

    try:
        files = service.parse(jobs.read_bytes(), responses.read_bytes(), lost.read_bytes(), UTC)
    except InvalidInputError as error:
        raise click.ClickException(str(error)) from None
    for name, problem in files.errors:
        click.echo(f"{name}: {problem}", err=True)
    with StageBars() as bars:
        found = service.run(files, analyser(ReadingMode.FAST), bars)
    if flags_out is not None:
        flags_out.write_text(service.flags_csv(found.snapshots), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(found.document, ensure_ascii=False, indent=2))
    else:
        _show(found.document)
    if files.errors:
        sys.exit(1)


def _show(document: dict[str, Any]) -> None:
    console = Console()
    for name, title in (("primary", "Up to the last job"), ("with_silence", "And 90 silent days after it")):
        part = document[name]
        if not part["models"]:
            console.print(f"{title}: {part['why_none']}")
            continue
        table = Table("", "AUC", "precision of weekly top 10", "recall", "lead (days)", "flagged", title=title)
        for model in part["models"].values():
            recall = model["recall"]
            lead = model["median_lead_days"]
            table.add_row(
                model["label"],
                _range(model["auc"]),
                _range(model["precision_top10"]),
                f"{recall['warned']} of {recall['lost']}",
                "" if lead is None else f"{lead:.0f}",
                f"{model['flagged_share']:.1%}",
            )
        console.print(table)
        ours = part["models"]["model"]
        console.print(f"Brier {_range(ours['brier'])}, calibration slope {_range(ours['calibration_slope'])}")


def _range(value: dict[str, float | None]) -> str:
    found, low, high = ("–" if number is None else f"{number:.3f}" for number in value.values())
    return f"{found} ({low}–{high})"
