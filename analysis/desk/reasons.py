"""Why: the stored reasons of a flag or signals of a relationship, shaped for a page. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One signal's contribution. `share` is its length in percent of the strongest reason's, for a bar."""

    signal: str
    points: float
    share: float
    text: str
    evidence: list[dict[str, Any]]  # Quote.as_dict of analysis.relationships.evidence

    @property
    def quote(self) -> str:
        """The first words of the client themself among the evidence; "" when the evidence is facts."""
        return next((str(item["text"]) for item in self.evidence if source(item)[0] == "answer"), "")

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The evidence that is not the client's own words; `at` as a moment."""
        return [{**item, "at": _moment(item)} for item in self.evidence if source(item)[0] != "answer"]

    @property
    def words(self) -> list[dict[str, Any]]:
        """The evidence that is the client's own words, with `answer_id`."""
        return [{**item, "answer_id": source(item)[1]} for item in self.evidence if source(item)[0] == "answer"]


def reasons_of(stored: Iterable[dict[str, Any]]) -> list[Reason]:
    """Stored reasons or signals (the contract's JSON) as the page shows them, strongest first."""
    ranked = sorted(stored, key=lambda reason: abs(float(reason["points"])), reverse=True)
    strongest = max((abs(float(reason["points"])) for reason in ranked), default=0.0) or 1.0
    return [
        Reason(
            signal=str(reason["signal"]),
            points=float(reason["points"]),
            share=round(100 * abs(float(reason["points"])) / strongest, 1),
            text=str(reason["text"]),
            evidence=list(reason.get("evidence") or []),
        )
        for reason in ranked
    ]


def _moment(item: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(item["at"]) if item.get("at") else None


def source(item: dict[str, Any]) -> tuple[str, int]:
    """Which row an item of evidence comes from: ("answer", 12); ("", 0) when it does not say."""
    kind, _, number = str(item.get("source", "")).partition("/")
    return (kind, int(number)) if number.isdigit() else ("", 0)
