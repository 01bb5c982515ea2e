"""Measures the loss model on firms' histories, leave-one-firm-out, and fits the weights that ship.

    python -m bench.risk measure FIRMS    # writes bench/results/risk.md
    python -m bench.risk fit FIRMS        # writes analysis/relationships/loss_weights.json
    python -m bench.risk both FIRMS

FIRMS is a folder that holds one for each firm, with jobs.csv, responses.csv and lost.csv.
"""

import argparse
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.backtest import metrics, run
from analysis.backtest.history import gather
from analysis.backtest.metrics import Table
from analysis.backtest.replay import NAIVE, Snapshot, labels, replay
from analysis.backtest.report import compared
from analysis.relationships import alive, loss
from analysis.relationships.loss import FITTED, LossWeights
from analysis.relationships.loss_fit import LossRow, fit_loss
from analysis.text.reader import Reader

RESULTS = Path(__file__).parent / "results" / "risk.md"
ABLATED = {
    "satisfaction": "satisfaction now (ratings and words)",
    "silence": "silence against habit",
    "late_jobs": "promised dates missed",
    "judged": "signals weighted by judgement (words, steps, people …)",
    "expected jobs": "expected jobs (each may be the last)",
    "alive": "chance that they are gone already (rhythm)",
}


@dataclass(frozen=True)
class Firm:
    """One firm's snapshots and what became of its clients."""

    name: str
    snapshots: Sequence[Snapshot]
    lost: dict[str, datetime]
    end: datetime


def load(folder: Path, cache: Path | None) -> Firm:
    """Read and replay one firm; the comments' readings are cached, since they take longest."""
    kept = cache / f"{folder.name}.pickle" if cache else None
    jobs, responses, lost = ((folder / f"{name}.csv").read_bytes() for name in ("jobs", "responses", "lost"))
    files = run.parse(jobs, responses, lost, UTC)
    if kept and kept.exists():
        past = pickle.loads(kept.read_bytes())  # noqa: S301 our own file
    else:
        past = gather(files.jobs, files.responses, Reader("fast"))
        if kept:
            kept.write_bytes(pickle.dumps(past))
    return Firm(folder.name, list(replay(past)), files.lost, past.last)


def rows(firm: Firm) -> list[LossRow]:
    """What the weights are fitted to: the weeks up to each last job."""
    found = labels(firm.snapshots, firm.lost, firm.end)
    return [
        LossRow(snapshot.inputs.features, snapshot.inputs.offset, label.lost, f"{firm.name}/{snapshot.ref}")
        for snapshot, label in zip(firm.snapshots, found, strict=True)
        if label.at_risk
    ]


def rescored(firm: Firm, weights: LossWeights, without: str = "") -> Firm:
    """The firm's snapshots with the risk of other weights, or without one part of the model."""
    return replace(firm, snapshots=[_rescored(snapshot, weights, without) for snapshot in firm.snapshots])


def _rescored(snapshot: Snapshot, weights: LossWeights, without: str) -> Snapshot:
    known = snapshot.inputs
    jobs = float(np.log(known.habit.expected_jobs)) if known.habit else 0.0
    if without == "judged":
        known = replace(known, offset=jobs)
    if without == "expected jobs":
        known = replace(known, offset=0.0)
    ending = 1.0 / (1.0 + np.exp(-loss.log_odds(known, weights)))
    gone = alive.gone(known.habit, ending) if known.habit and without != "alive" else 0.0
    news = known.habit.news if known.habit else 0.0
    risk = float(np.clip(ending * (1 - gone) + gone * news, 1e-6, 1 - 1e-6))
    return replace(snapshot, risk=risk)


def table(firm: Firm, *, silent: bool = False) -> Table:
    return metrics.tabulated(firm.snapshots, labels(firm.snapshots, firm.lost, firm.end), silent=silent)


def fitted_on(firms: Sequence[Firm], without: str = "") -> LossWeights:
    """The weights fitted on these firms; `without` holds one of FITTED at 0."""
    found = [row for firm in firms for row in rows(firm)]
    if without == "expected jobs":
        found = [replace(row, offset=0.0) for row in found]  # the judged signals are next to nothing beside it
    return fit_loss(found, start(), held=(without,) if without in FITTED else ())


def start() -> LossWeights:
    """Where every fit starts from and is pulled to: round numbers, so that no firm's fit is in another's."""
    return LossWeights(-5.0, {"satisfaction": 2.5, "silence": 0.3, "late_jobs": 0.5}, loss.shipped().judged)


def leave_one_out(firms: Sequence[Firm], without: str = "") -> list[Firm]:
    """Each firm scored by weights that were fitted on the others."""
    found = []
    for firm in firms:
        others = [other for other in firms if other is not firm]
        found.append(rescored(firm, fitted_on(others, without) if others else loss.shipped(), without))
    return found


def joined(firms: Sequence[Firm], *, silent: bool = False) -> Table:
    tables = [table(firm, silent=silent) for firm in firms]
    whole = tables[0]
    for other in tables[1:]:
        whole = whole.joined(other)
    return whole


def measure(firms: Sequence[Firm], draws: int) -> str:
    """The page of results."""
    held_out = leave_one_out(firms)
    lines = [
        "# The loss model, leave-one-firm-out",
        "",
        "Each firm is scored by weights fitted on the others: `python -m bench.risk measure FOLDER`.",
        "Snapshots are the Mondays from each client's first job to their last; *lost* means that the last job",
        "lies within the next 90 days; the last 90 days of the data are left out. In brackets: 95 % intervals",
        "from a bootstrap by client.",
        "",
        *_weights_table(firms),
    ]
    for silent, title in ((False, "Up to the last job"), (True, "With the 90 days after it, when nobody knew yet")):
        lines += ["", f"## {title}", "", _header()]
        for firm in held_out:
            lines += _lines(firm.name, compared(table(firm, silent=silent), draws=draws))
        lines += _lines("all three", compared(joined(held_out, silent=silent), draws=draws))
    lines += _calibration(held_out)
    lines += ["", "## What each part adds (fitted again without it)", ""]
    lines += ["| without | AUC | top 10 | AUC with silence | top 10 with silence |", "|---|---:|---:|---:|---:|"]
    for name, label in (("", "nothing"), *ABLATED.items()):
        less = leave_one_out(firms, name)
        figures = [_plain(joined(less, silent=silent)) for silent in (False, True)]
        lines.append(f"| {label} | " + " | ".join(f"{a:.3f} | {p:.3f}" for a, p in figures) + " |")
    return "\n".join(lines) + "\n"


def _weights_table(firms: Sequence[Firm]) -> list[str]:
    """The weights that each firm was scored by, to see what holds from firm to firm."""
    lines = [f"| fitted without | intercept | {' | '.join(FITTED)} |", "|---|---:|" + "---:|" * len(FITTED)]
    for firm in firms:
        found = fitted_on([other for other in firms if other is not firm])
        own = " | ".join(f"{found.fitted[name]:.2f}" for name in FITTED)
        lines.append(f"| {firm.name} | {found.intercept:.2f} | {own} |")
    return lines


def _calibration(held_out: Sequence[Firm]) -> list[str]:
    """What was said and what happened, in both sets of weeks: the risk speaks of an end ahead or just behind."""
    lines = ["", "## Calibration, all three", ""]
    lines += ["| risk said | weeks up to the last job | said | happened | and 90 days after it | said | happened |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    tables = [joined(held_out, silent=silent) for silent in (False, True)]
    both = [metrics.reliability(found.score[metrics.OURS], found.lost) for found in tables]
    for rows_ in zip(*both, strict=True):
        cells = [f"{row['snapshots']:.0f} | {row['said']:.1%} | {row['happened']:.1%}" for row in rows_]
        lines.append(f"| {rows_[0]['from']:.0%}–{rows_[0]['to']:.0%} | {' | '.join(cells)} |")
    lines += [
        "",
        "The risk is the chance of an end within 90 days, ahead or just behind: whoever has stayed away may be gone.",
        "The first columns look only at weeks before a job that came after all, which nobody knew then: high risks",
        "seem overstated there, most of those who had stayed away. With the weeks after the last job they are not.",
    ]
    return lines


def _plain(found: Table) -> tuple[float, float]:
    ones, score = np.ones(len(found)), found.score[metrics.OURS]
    ranking = metrics.Ranking(score, found)
    return ranking.auc(ones), ranking.top_precision(ones)


def _header() -> str:
    return "| firm | rule | AUC | precision of the top 10 | calibration slope | Brier |\n|---|---|---|---|---|---|"


def _lines(name: str, document: dict[str, Any]) -> list[str]:
    found = []
    for model in document["models"].values():
        calibrated = [_range(model[key]) if key in model else "" for key in ("calibration_slope", "brier")]
        cells = [name, model["label"], _range(model["auc"]), _range(model["precision_top10"]), *calibrated]
        found.append("| " + " | ".join(cells) + " |")
    gain = document["gain"]
    best = f"best: {NAIVE[gain['best_naive_auc']]}; {NAIVE[gain['best_naive_precision']]}"
    gained = f"{_range(gain['auc'])} | × {_range(gain['precision_ratio'])}"
    found.append(f"| {name} | *gain over the {best}* | {gained} | | |")
    return found


def _range(value: dict[str, float]) -> str:
    return f"{value['value']:.3f} ({value['low']:.3f} … {value['high']:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "fit", "both"))
    parser.add_argument("folder", type=Path, help="holds one folder for each firm")
    parser.add_argument("--cache", type=Path, help="a folder that keeps what the comments say between runs")
    parser.add_argument("--draws", type=int, default=metrics.DRAWS)
    asked = parser.parse_args()
    folders = sorted(path for path in asked.folder.iterdir() if (path / "lost.csv").exists())
    firms = []
    for folder in folders:
        firms.append(load(folder, asked.cache))
        print(folder.name, len(firms[-1].snapshots), flush=True)
    if asked.what in ("fit", "both"):
        _ship(firms)
    if asked.what in ("measure", "both"):
        RESULTS.write_text(measure(firms, asked.draws), encoding="utf-8")


def _ship(firms: Sequence[Firm]) -> None:
    weights = fitted_on(firms)
    document = json.loads(loss.SHIPPED.read_text(encoding="utf-8")) | weights.as_dict()
    document["version"] = loss.shipped().version
    document["fitted_on"] = {firm.name: {"weeks": len(rows(firm)), "lost": len(firm.lost)} for firm in firms}
    loss.SHIPPED.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
