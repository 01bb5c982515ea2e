"""How often the readings are right, from comments drawn at random, and what a calibration would change."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.confusion import Confusion, confusion
from analysis.models import SpotCheck, TextCalibration
from analysis.reading import recalibration
from analysis.reading.corrections import StandingReading, standing
from analysis.reading.readings import words_of
from analysis.reading.spot_checks import AT_ONCE, Judged, base_in_force, counts, judged, open_checks
from analysis.relationships.intervals import wilson
from analysis.text.analyser import SENTIMENTS, Comment
from analysis.text.recalibration import LEAST_CHECKED, missing
from survey.models import Answer, Client, SurveyResponse

MOST_SHOWN = 20


@dataclass(frozen=True)
class Agreement:
    """Of comments read as `said` ("" for all), how many a person reads so too; `share` is weighted to all comments."""

    said: str
    checked: int
    agreed: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A comment that a person reads otherwise; `reading` is what stands, the person's correction included."""

    judged: Judged
    client: Client
    reading: StandingReading


@dataclass(frozen=True, kw_only=True)
class Example:
    """A comment whose verdict a proposal would change; chances are (negative, neutral, positive)."""

    text: str
    client: Client
    before: str
    after: str
    said: Sequence[float]
    says: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class ChecksPage:
    """`lacking` says what a calibration still needs; `stale` that the one in force was fitted to another version."""

    base: str
    waiting: int
    judged: int
    unclear: int
    whole: Agreement
    verdicts: list[Agreement]
    table: Confusion
    disagreements: list[Disagreement]
    lacking: str
    current: TextCalibration | None
    stale: bool
    proposal: TextCalibration | None
    examples: list[Example]
    needed: int = LEAST_CHECKED
    at_once: int = AT_ONCE


def checks_page(session: Session) -> ChecksPage:
    """All there is to know about checking."""
    base = base_in_force(session)
    known = judged(session, base)
    current, proposal = recalibration.calibrations.current(session), recalibration.calibrations.waiting(session)
    labels = counts(session)
    return ChecksPage(
        base=base,
        waiting=len(open_checks(session)),
        judged=len(known),
        unclear=labels["unclear"],
        whole=_agreement("", known),
        verdicts=[_agreement(said, [item for item in known if item.reading.sentiment == said]) for said in SENTIMENTS],
        table=confusion((item.reading.sentiment, item.label) for item in known),
        disagreements=_disagreements(session, known),
        lacking=missing([item.label for item in known]),
        current=current,
        stale=current is not None and current.base != base,
        proposal=proposal,
        examples=_examples(session, proposal.report["examples"]) if proposal else [],
    )


def _agreement(said: str, known: Sequence[Judged]) -> Agreement:
    """The weighted share, with Wilson's interval for as many answers as the weights are worth (Kish 1965)."""
    agreed = [item for item in known if item.label == item.reading.sentiment]
    total = sum(item.weight for item in known)
    if not total:
        return Agreement(said, 0, 0, None, 0.0, 1.0)
    share = sum(item.weight for item in agreed) / total
    worth = total**2 / sum(item.weight**2 for item in known)
    low, high = wilson(share * worth, worth) or (0.0, 1.0)
    return Agreement(said, len(known), len(agreed), share, low, high)


def _disagreements(session: Session, known: Sequence[Judged]) -> list[Disagreement]:
    others = [item for item in known if item.label != item.reading.sentiment][:MOST_SHOWN]
    clients = _clients(session, [item.check.answer_id for item in others])
    readings = standing(session, {item.check.answer_id: item.reading for item in others})
    return [
        Disagreement(judged=item, client=clients[item.check.answer_id][1], reading=readings[item.check.answer_id])
        for item in others
    ]


def _examples(session: Session, kept: Sequence[dict[str, Any]]) -> list[Example]:
    """The examples of a proposal's report, as far as their comments still exist."""
    found = _clients(session, [int(item["answer_id"]) for item in kept])
    return [
        Example(
            text=found[item["answer_id"]][0],
            client=found[item["answer_id"]][1],
            before=item["before"],
            after=item["after"],
            said=item["said"],
            says=item["says"],
        )
        for item in kept
        if item["answer_id"] in found
    ]


def _clients(session: Session, answer_ids: Sequence[int]) -> dict[int, tuple[str, Client]]:
    rows = session.execute(
        select(Answer.id, Answer.text, Client)
        .join(SurveyResponse, SurveyResponse.id == Answer.response_id)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(Answer.id.in_(answer_ids))
    )
    return {answer_id: (text or "", client) for answer_id, text, client in rows}


@dataclass(frozen=True, kw_only=True)
class NextCheck:
    """The comment to judge now: its words and its question, and nothing that tells how it was read."""

    check: SpotCheck
    comment: Comment
    done: int  # of those drawn together
    drawn: int
    last: SpotCheck | None  # the one judged just before, which may be taken back


def next_check(session: Session) -> NextCheck | None:
    """The first that waits; None when all are judged."""
    waiting = open_checks(session)
    if not waiting:
        return None
    check = waiting[0]
    together = session.scalars(select(SpotCheck).where(SpotCheck.drawn_at == check.drawn_at)).all()
    done = [other for other in together if other.label is not None]
    return NextCheck(
        check=check,
        comment=words_of(session, select(Answer).where(Answer.id == check.answer_id))[0].comment,
        done=len(done),
        drawn=len(done) + len(waiting),
        last=max(done, key=lambda other: (other.at or other.drawn_at, other.id), default=None),
    )


def report_document(session: Session) -> dict[str, Any]:
    """What `flask text calibrate --json` prints."""
    page = checks_page(session)
    return {
        "base": page.base,
        "checked": page.judged,
        "labels": dict(Counter(item.label for item in judged(session, page.base))),
        "agreement": {
            agreement.said or "all": {
                "checked": agreement.checked,
                "agreed": agreement.agreed,
                "share": agreement.share,
                "interval": [agreement.low, agreement.high] if agreement.share is not None else None,
            }
            for agreement in (page.whole, *page.verdicts)
        },
        "lacking": page.lacking,
        "in_force": calibration_document(page.current) if page.current else None,
        "proposal": calibration_document(page.proposal) if page.proposal else None,
    }


def calibration_document(row: TextCalibration) -> dict[str, Any]:
    """One calibration as JSON."""
    return {
        "id": row.id,
        "status": row.status.value,
        "base": row.base,
        "temperature": row.temperature,
        "biases": {"negative": row.negative, "neutral": row.neutral, "positive": row.positive},
        "proposed_at": row.proposed_at.isoformat(),
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "report": row.report,
    }
