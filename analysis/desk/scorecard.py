"""The monthly scorecard as a spreadsheet and as a document. Pure."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from analysis.learning.scorecard import Month, Scorecard
from analysis.models import OutcomeResult
from analysis.relationships.foretold import Foretold
from survey.spreadsheet import csv_line

COLUMNS = (
    "month",
    "raised",
    "worked",
    "cleared",
    "resolved",
    *(f"{result.value}{part}" for result in OutcomeResult for part in ("", "_low", "_high")),
    "lost_clients",
    "warned",
    "flagged_late",
    "missed",
    "lead_days",
    "risks_said",
    "losses_expected",
    "losses_seen",
    "brier",
    "brier_low",
    "brier_high",
)


def scorecard_csv(card: Scorecard) -> Iterator[str]:
    """The lines of the file; a share's 95% interval beside it, empty where nothing can be said."""
    yield csv_line(COLUMNS)
    for month in card.months:
        yield csv_line(["" if cell is None else cell for cell in _cells(month)])


def _cells(month: Month) -> list[object]:
    said = month.said
    return [
        f"{month.start:%Y-%m}",
        month.raised,
        month.worked,
        month.cleared,
        month.resolved,
        *(cell for rate in month.results.values() for cell in (rate.count, _round(rate.low), _round(rate.high))),
        month.gone,
        month.warned,
        month.after,
        month.missed,
        _round(month.lead_days, 1),
        month.read,
        _round(said.expected, 2) if said else None,
        said.lost if said else None,
        *((_round(part) for part in said.brier) if said else (None, None, None)),
    ]


def scorecard_document(card: Scorecard) -> dict[str, Any]:
    """The same for `flask learning scorecard --json`, with the reliability by band."""
    return {
        "since": card.since.isoformat() if card.since else None,
        "months": [_month(month) for month in card.months],
        "overall": _foretold(card.overall),
    }


def _month(month: Month) -> dict[str, Any]:
    return {
        "month": f"{month.start:%Y-%m}",
        "raised": month.raised,
        "worked": month.worked,
        "cleared": month.cleared,
        "resolved": month.resolved,
        "results": {result.value: asdict(rate) for result, rate in month.results.items()},
        "too_few": month.too_few,
        "lost_clients": month.gone,
        "warned": month.warned,
        "flagged_late": month.after,
        "missed": month.missed,
        "lead_days": _round(month.lead_days, 1),
        "risks_said": month.read,
        "judged_from": month.judged_from.date().isoformat() if month.judged_from else None,
        "said": _foretold(month.said),
    }


def _foretold(found: Foretold | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "count": found.count,
        "expected": _round(found.expected, 2),
        "lost": found.lost,
        "share": [_round(part) for part in found.share],
        "brier": [_round(part) for part in found.brier],
        "brier_of_base_rate": _round(found.usual),
        "bands": [
            {
                "from": band.low,
                "to": band.high,
                "count": band.count,
                "said": _round(band.said),
                "lost": band.lost,
                "happened": [_round(part) for part in band.happened],
            }
            for band in found.bands
        ],
    }


def _round(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
