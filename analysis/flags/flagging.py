"""The life of a flag as far as the machine decides it: raised, brought up to date, cleared. People resolve it."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from analysis.flags.days import keep_before
from analysis.models import Flag, FlagStatus, Severity
from analysis.relationships.assessment import Assessment
from analysis.relationships.changes import stood
from analysis.relationships.wording import short_day
from survey.models import Client, Firm

EASED = "The signs have eased. Close it with what came of it."


def apply(
    session: Session, firm: Firm, client: Client, flag: Flag | None, found: Assessment, now: datetime
) -> Flag | None:
    """Make the client's flag agree with the assessment; returns the live flag, if one stands afterwards.

    Only an open flag is cleared by the machine: one that a person has taken on waits for their outcome, from which
    the next flags learn.
    """
    if found.judgement.severity is None:
        if flag is None:
            release(client)
            return None
        if flag.status is FlagStatus.ACKNOWLEDGED:
            flag.risk, flag.points, flag.clears_if = found.risk, found.points, EASED
            _keep(flag, found)
            return flag
        clear(client, flag, _why_cleared(found), now)
        return None
    severity = Severity(found.judgement.severity)
    if flag is None:
        flag = _raise(session, client, severity, found, now)
    else:
        keep_before(session, firm, flag, stood(severity.value, found.risk, found.reasons), now)
        _update(flag, severity, found, now)
    if firm.hold_while_hurting:
        _hold(client, flag, now)
    else:
        release(client)
    return flag


def clear(client: Client, flag: Flag, why: str, now: datetime) -> None:
    """Close a flag because nothing supports it any more."""
    flag.status, flag.closed_at, flag.updated_at = FlagStatus.CLEARED, now, now
    flag.clears_if = f"Cleared on {short_day(now)}: {why}"
    release(client)


def _raise(session: Session, client: Client, severity: Severity, found: Assessment, now: datetime) -> Flag:
    flag = Flag(
        client_id=client.id,
        status=FlagStatus.OPEN,
        severity=severity,
        risk=found.risk,
        points=found.points,
        reasons=found.reasons,
        clears_if=found.clears_if,
        severity_why=found.judgement.why[:300],
        model=found.model,
        owner_id=client.owner_id,
        raised_at=now,
        updated_at=now,
        raised_with=found.kept(),
    )
    _keep(flag, found)
    session.add(flag)
    return flag


def _update(flag: Flag, severity: Severity, found: Assessment, now: datetime) -> None:
    before, reasons = {reason["signal"] for reason in flag.reasons}, found.reasons
    if severity is not flag.severity or before != {reason["signal"] for reason in reasons}:
        flag.updated_at = now
    flag.severity, flag.risk, flag.points = severity, found.risk, found.points
    flag.reasons = reasons
    flag.clears_if, flag.model = found.clears_if, found.model
    flag.severity_why = found.judgement.why[:300]
    _keep(flag, found)


def estimate(found: Assessment) -> dict[str, Any]:
    """How sure the risk is, as a state and a flag keep it."""
    likely = found.loss
    return {
        "risk_low": likely.low,
        "risk_high": likely.high,
        "baseline": likely.baseline,
        "too_little": likely.too_little[:200],
    }


def _keep(flag: Flag, found: Assessment) -> None:
    """Keep what the flag rests on now, so that it can be worked out again."""
    for name, value in estimate(found).items():
        setattr(flag, name, value)
    flag.inputs, flag.model = found.kept(), found.model


def _why_cleared(found: Assessment) -> str:
    if found.standing.rung == "lapsed":
        return f"the client has lapsed. {found.standing.reason}"
    return f"the risk has fallen to {found.risk:.0%}."


def release(client: Client) -> None:
    """No flag stands: surveys may go to the client."""
    if client.surveys_held_at is not None:
        client.surveys_held_at, client.surveys_held_reason = None, ""


def _hold(client: Client, flag: Flag, now: datetime) -> None:
    """Hold while hurting: no survey goes to a client while a flag stands."""
    if client.surveys_held_at is None:
        client.surveys_held_at = now
        reason = str(flag.reasons[0]["text"]) if flag.reasons else "at risk"
        client.surveys_held_reason = f"Flagged: {reason}"[:200]
