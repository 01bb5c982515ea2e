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
    told: frozenset[str] = frozenset()  # sources whose words, and facts that, a stronger reason names already

    @property
    def quote(self) -> str:
        """The first words of the client themself among the evidence; "" when the evidence is facts."""
        return next((str(item["text"]) for item in self.evidence if source(item)[0] == "answer"), "")

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The evidence that is not the client's own words; `at` as a moment."""
        facts = [item for item in self.evidence if source(item)[0] != "answer" and _fact(item) not in self.told]
        return [{**item, "at": _moment(item)} for item in facts]

    @property
    def words(self) -> list[dict[str, Any]]:
        """The evidence that is the client's own words, with `answer_id`; what is quoted above is not said twice."""
        words = [{**item, "answer_id": source(item)[1]} for item in self.evidence if source(item)[0] == "answer"]
        return [item for item in words if item["source"] not in self.told]

    @property
    def again(self) -> bool:
        """Whether it rests on words that a stronger reason quotes."""
        return any(item.get("source") in self.told for item in self.evidence)

    @property
    def facts_again(self) -> bool:
        """Whether it rests on nothing but facts that a stronger reason names."""
        return bool(self.evidence) and all(_fact(item) in self.told for item in self.evidence)


def reasons_of(stored: Iterable[dict[str, Any]]) -> list[Reason]:
    """Stored reasons or signals (the contract's JSON) as the page shows them, the most telling first."""
    ranked = sorted(stored, key=_weight, reverse=True)
    strongest = max((abs(float(reason["points"])) for reason in ranked), default=0.0) or 1.0
    found, told = [], frozenset[str]()
    for reason in ranked:
        made = Reason(
            signal=str(reason["signal"]),
            points=float(reason["points"]),
            share=round(100 * abs(float(reason["points"])) / strongest, 1),
            text=str(reason["text"]),
            evidence=list(reason.get("evidence") or []),
            told=told,
        )
        found.append(made)
        told = told | {str(item["source"]) for item in made.words} | {_fact(item) for item in made.facts}
    return found


def _weight(reason: dict[str, Any]) -> float:
    """What it adds to the chance of loss, and how much it calls for an answer."""
    return abs(float(reason["points"])) + abs(float(reason.get("strength") or 0))


def _fact(item: dict[str, Any]) -> str:
    return f"{item.get('source', '')} {item['text']}"


def _moment(item: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(item["at"]) if item.get("at") else None


def source(item: dict[str, Any]) -> tuple[str, int]:
    """Which row an item of evidence comes from: ("answer", 12); ("", 0) when it does not say."""
    kind, _, number = str(item.get("source", "")).partition("/")
    return (kind, int(number)) if number.isdigit() else ("", 0)
