"""What a backtest says, in a sentence and in a table. Pure: from the stored report alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.backtest.replay import NAIVE
from analysis.relationships.intervals import wilson
from analysis.relationships.wording import plural

OURS = "model"
LEAST_LOST = 10  # lost clients below which nothing is judged
RULE_WORDS = {
    OURS: "Clientele",
    "csat_low": "Last satisfaction 1 or 2 of 5",
    "detractor": "Would not recommend (NPS 0 to 6)",
    "comment_negative": "Last comment negative",
    "ewma_csat": "Average satisfaction, recent counts more",
    "days_since_job": "Days since the last job",
}


@dataclass(frozen=True)
class Ranged:
    """A number with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One rule's line. `found`, of the lost, in its weekly ten; `warned`, of the lost, by its own flags."""

    name: str
    label: str
    best: bool
    auc: Ranged
    precision: Ranged
    found: int
    found_share: Ranged
    lead: Ranged | None
    warned: int
    lost: int
    warned_share: Ranged | None
    flag_lead: float | None
    flagged_share: float
    flag_precision: float | None


@dataclass(frozen=True)
class Verdict:
    """What came of it in plain words: `tone` good, info, warning or danger; then the sentences under the title."""

    tone: str
    title: str
    sentences: tuple[str, ...]


def measured(report: Mapping[str, Any]) -> bool:
    """Whether anything could be measured."""
    return bool(report.get("curves")) and bool(report["primary"]["models"])


def rule_rows(report: Mapping[str, Any]) -> list[RuleRow]:
    """Ours first, then the simple rules, the best in the weekly ten marked."""
    if not measured(report):
        return []
    ten, models = report["curves"]["ten"], report["primary"]["models"]
    return [_row(name, models[name], ten) for name in (OURS, *NAIVE)]


def _row(name: str, model: Mapping[str, Any], ten: Mapping[str, Any]) -> RuleRow:
    early, recall = ten["models"][name], model["recall"]
    warned = wilson(recall["warned"], recall["lost"])
    return RuleRow(
        name=name,
        label=RULE_WORDS[name],
        best=name == ten["best_naive"],
        auc=ranged(model["auc"]) or Ranged(0.5, 0.0, 1.0),
        precision=ranged(model["precision_top10"]) or Ranged(0.0, 0.0, 1.0),
        found=early["found"],
        found_share=Ranged(early["share"], early["low"], early["high"]),
        lead=ranged(early["median_days"]),
        warned=recall["warned"],
        lost=recall["lost"],
        warned_share=Ranged(recall["share"], *warned) if warned else None,
        flag_lead=model["median_lead_days"],
        flagged_share=model["flagged_share"],
        flag_precision=model["flag_precision"],
    )


def ranged(value: Mapping[str, float | None] | None) -> Ranged | None:
    """A stored number with its interval; None where one of them could not be computed."""
    if value is None or value["value"] is None or value["low"] is None or value["high"] is None:
        return None
    return Ranged(value["value"], value["low"], value["high"])


def verdict(report: Mapping[str, Any]) -> Verdict:
    """In plain English, and honest where it is not better, or where too little is known to say."""
    if not measured(report):
        return Verdict("warning", "Nothing can be measured on this past", (_why_none(report),))
    ten, gain = report["curves"]["ten"], report["primary"]["gain"]
    ours, best = ten["models"][OURS], ten["models"][ten["best_naive"]]
    tone, judgement = _judgement(ten["lost"], ranged(gain["auc"]), ten["more_than_best"])
    return Verdict(tone, _title(ten["lost"], ours, best, ten["best_naive"]), (judgement,))


def _title(lost: int, ours: Mapping[str, Any], best: Mapping[str, Any], rule: str) -> str:
    days = ours["median_days"]
    early = f", in the middle {round(days['value'])} days before their last job" if days else ""
    who = (
        f"Of the {lost} clients who were lost, {ours['found']}" if lost > 1 else f"Of one lost client, {ours['found']}"
    )
    other = f"the best simple rule ({_lower(RULE_WORDS[rule])}) would have found {best['found']}"
    return f"{who} would have been in your weekly ten{early}; {other}."


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _judgement(lost: int, auc: Ranged | None, more: Mapping[str, float]) -> tuple[str, str]:
    found = f"{_signed(more['value'], 0)} clients, between {_signed(more['low'], 0)} and {_signed(more['high'], 0)}"
    if lost < LEAST_LOST or auc is None:
        return "info", (
            f"That is too little to judge by: with {plural(lost, 'lost client')}, chance alone makes one rule look "
            f"better than another. From {LEAST_LOST} on, this page gives a verdict."
        )
    ranking = f"AUC {_signed(auc.value)}, between {_signed(auc.low)} and {_signed(auc.high)}"
    if auc.high < 0 or more["high"] < 0:
        return "danger", (
            f"On this past a simple rule did better (difference {found}; {ranking}). Trust it more than our figures "
            "until the weights have been fitted to your firm."
        )
    if auc.low > 0 and more["low"] > 0:
        return "good", f"This is more than chance explains: {found} more found; {ranking}."
    if auc.low > 0:
        return "info", (
            f"It ranks clients better than chance explains ({ranking}), but that the weekly ten finds more may be "
            f"chance ({found})."
        )
    if more["low"] > 0:
        return "info", (
            f"The weekly ten finds more than chance explains ({found}), but over the whole list the ranking is not "
            f"surely better ({ranking})."
        )
    return "warning", f"The difference may be chance ({found}; {ranking}). Do not buy it as proof."


def _signed(value: float, digits: int = 2) -> str:
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{digits}f}") == 0 else text


def _why_none(report: Mapping[str, Any]) -> str:
    if not report["lost"]:
        return (
            "Nobody in the list of the lost is among the clients of the jobs, so there is nothing to find. Look "
            "whether client_ref is written the same way in both files."
        )
    return (
        "Nobody was lost in the weeks that count. The last 90 days are left out, because nobody knows yet who is lost "
        "in them; a longer past may show more."
    )


def calibration_words(report: Mapping[str, Any]) -> str:
    """How the chances it said agree with what happened, in a sentence."""
    if not measured(report):
        return ""
    rows = report["curves"]["reliability"]
    weeks = sum(row["snapshots"] for row in rows)
    said = sum(row["snapshots"] * row["said"] for row in rows) / weeks
    happened = sum(row["snapshots"] * row["happened"] for row in rows) / weeks
    times = said / happened if happened else 0.0
    middle = f"On average it said {said:.1%}, and {happened:.1%} came true"
    if times > 1.25:
        return f"{middle}: it said {times:.1f} times too much. Read its chances as an order, not as a share."
    if 0 < times < 0.8:
        return f"{middle}: it said too little. Read its chances as an order, not as a share."
    slope = ranged(report["primary"]["models"][OURS]["calibration_slope"])
    if slope is not None and slope.low > 1:
        return f"{middle}. It is not sure enough: who it puts high is lost more often than it says, who low less often."
    if slope is not None and slope.high < 1:
        return f"{middle}. It is too sure: who it puts high is lost less often than it says, who low more often."
    return f"{middle}: its chances can be taken about as they are."
