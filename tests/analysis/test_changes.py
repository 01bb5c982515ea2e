"""What changed about the flags since the last working day, by the firm's own clock."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.flags import flagging
from analysis.flags.days import change_of, keep_before, since_last_day
from analysis.models import Flag, FlagDay, FlagStatus, OutcomeResult, Severity
from analysis.relationships.assessment import assess
from analysis.relationships.changes import (
    ChangeKind,
    Stood,
    compare,
    day_start,
    keys,
    last_working_day,
    local_day,
    stood,
)
from analysis.relationships.ladder import Before
from analysis.relationships.usual import FirmUsual
from survey import clock
from survey.firms import get_firm
from tests.analysis.desk_rows import make_flag, make_outcome
from tests.analysis.stories import loyal, rated, read
from tests.conftest import NOW
from tests.factories import make_client


def reason(signal: str, *sources: str, text: str = "Why.") -> dict[str, Any]:
    quotes = [{"text": f"words of {source}", "source": source, "at": NOW.isoformat()} for source in sources]
    return {"signal": signal, "points": 1.0, "text": text, "evidence": quotes}


BEFORE = stood("high", 0.4, [reason("low_scores", "response/1")])


def test_worse_better_and_new_evidence() -> None:
    """By severity first, then by the risk; otherwise only what is new to read."""
    same = [reason("low_scores", "response/1")]
    assert compare(BEFORE, "high", 0.42, same) is None
    found = {
        ChangeKind.WORSE: compare(BEFORE, "severe", 0.4, same),
        ChangeKind.BETTER: compare(BEFORE, "high", 0.3, same),
        ChangeKind.EVIDENCE: compare(BEFORE, "high", 0.4, [*same, reason("complaint", "answer/2")]),
    }
    for kind, change in found.items():
        assert change is not None
        assert change.kind is kind
    evidence = found[ChangeKind.EVIDENCE]
    assert evidence is not None
    assert evidence.news == ("words of answer/2",)


def test_an_old_answer_in_a_new_light_is_no_news() -> None:
    """Its source was there before; a new sign without evidence is told by its own words."""
    again = [reason("low_scores", "response/1"), reason("low_level", "response/1")]
    assert compare(BEFORE, "high", 0.4, again) is None
    silent = compare(BEFORE, "high", 0.4, [reason("low_scores", "response/1"), reason("silence", text="Silent.")])
    assert silent is not None
    assert silent.news == ("Silent.",)


def test_keys_hold_no_words() -> None:
    """What is kept names signals and sources only."""
    assert keys([reason("leaving", "answer/3"), reason("silence")]) == ["leaving|answer/3", "silence|"]


def test_the_last_working_day_skips_the_weekend() -> None:
    """On Monday, Sunday and Saturday it is Friday; on Friday it is Thursday."""
    monday = date(2026, 3, 2)
    assert {last_working_day(monday - timedelta(days=n)) for n in range(3)} == {date(2026, 2, 27)}
    assert last_working_day(date(2026, 2, 27)) == date(2026, 2, 26)


def test_the_day_is_the_firms() -> None:
    """Half past eleven at night in UTC is the next day in Auckland."""
    late = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    assert local_day("UTC", late) == date(2026, 3, 3)
    assert local_day("Pacific/Auckland", late) == date(2026, 3, 4)


def test_a_day_keeps_how_it_began_and_only_if_something_changed(session: Session) -> None:
    """One row for a flag and a day: the first state of that day; nothing for what does not differ."""
    flag, firm = make_flag(session), get_firm(session)
    flag.reasons = [reason("low_scores", "response/1")]
    session.flush()

    def becomes(severity: Severity, risk: float, now: datetime) -> None:
        keep_before(session, firm, flag, stood(severity.value, risk, flag.reasons), now)
        flag.severity, flag.risk = severity, risk
        session.flush()

    becomes(Severity.HIGH, 0.83, NOW)
    assert session.scalars(select(FlagDay)).all() == []
    becomes(Severity.SEVERE, 0.9, NOW)
    becomes(Severity.MODERATE, 0.5, NOW + timedelta(hours=1))
    becomes(Severity.SEVERE, 0.95, NOW + timedelta(days=1))
    kept = session.scalars(select(FlagDay).order_by(FlagDay.day)).all()
    assert [(row.severity, row.risk) for row in kept] == [(Severity.HIGH, 0.83), (Severity.MODERATE, 0.5)]
    day, change = change_of(session, firm, flag, NOW + timedelta(hours=2))
    assert day == last_working_day(local_day(firm.timezone, NOW))
    assert change is not None
    assert change.before == Stood("high", 0.83, frozenset({"low_scores|response/1"}))


def test_new_cleared_and_resolved_since_the_last_day(session: Session) -> None:
    """By the dates on the flags themselves; what is older is not told."""
    firm = get_firm(session)
    start = day_start(firm.timezone, last_working_day(local_day(firm.timezone, NOW)))
    make_flag(session, make_client(session, name="New"), raised_at=start + timedelta(hours=1))
    make_flag(session, make_client(session, name="Old"), raised_at=start - timedelta(hours=1))
    cleared = make_flag(session, make_client(session, name="Gone"), raised_at=start - timedelta(days=9))
    cleared.status, cleared.closed_at = FlagStatus.CLEARED, start + timedelta(hours=2)
    resolved = make_flag(session, make_client(session, name="Done"), raised_at=start - timedelta(days=9))
    make_outcome(session, resolved, OutcomeResult.KEPT, start + timedelta(hours=2))
    long_ago = make_flag(session, make_client(session, name="Long ago"), raised_at=start - timedelta(days=9))
    make_outcome(session, long_ago, OutcomeResult.KEPT, start - timedelta(hours=2))
    found = {item.flag.client.name: item.change.kind for item in since_last_day(session, firm, NOW).changed}
    assert found == {"New": ChangeKind.NEW, "Gone": ChangeKind.CLEARED, "Done": ChangeKind.RESOLVED}


def test_the_desk_and_the_command_tell_what_changed(app: Flask, manager: FlaskClient, session: Session) -> None:
    """A flag that got worse by a new answer: quoted on the list, on its page, and by the command."""
    now = clock.now()
    flag = make_flag(session, make_client(session, name="Harbour Dental"), raised_at=now - timedelta(days=30))
    _worsen(session, flag, now)
    page = " ".join(manager.get("/desk/").get_data(as_text=True).split())
    assert "1 worse" in page
    assert "high before, severe now" in page
    assert "<q>words of answer/9</q>" in page
    assert "high before, severe now" in (shown := manager.get(f"/desk/flags/{flag.id}").get_data(as_text=True))
    assert "High: the signs are strong. About €11,160 of €12,400 a year is at stake." in shown
    session.commit()
    with app.app_context():
        result = app.test_cli_runner().invoke(args=["flags", "changes", "--json"])
    told = json.loads(result.stdout)["changes"]
    assert [(row["client"], row["change"], row["news"]) for row in told] == [
        ("Harbour Dental", "worse", ["words of answer/9"])
    ]


def _worsen(session: Session, flag: Flag, now: datetime) -> None:
    after = [*flag.reasons, reason("complaint", "answer/9")]
    keep_before(session, get_firm(session), flag, stood("severe", 0.9, after), now)
    flag.severity, flag.risk, flag.reasons = Severity.SEVERE, 0.9, after
    flag.severity_why = "High: the signs are strong."
    session.flush()


def test_the_scorer_keeps_how_a_flag_stood_and_why_it_is_so_severe(session: Session) -> None:
    """Raised by a bad rating; a day later words of leaving make it severe: the state before is kept with that day."""
    client, firm = make_client(session), get_firm(session)
    rating = loyal(rated(2, 2))
    raised = assess(rating, FirmUsual(), NOW, Before())
    flag = flagging.apply(session, firm, client, None, raised, NOW)
    assert flag is not None
    assert flag.severity_why == "Moderate: the signs are clear."
    later = NOW + timedelta(days=1)
    worse = loyal(rated(2, 2), rated(1, 1, read("We will move to another company.", leaving=0.95)))
    flagging.apply(
        session, firm, client, flag, assess(worse, FirmUsual(), later, Before(live_severity="moderate")), later
    )
    row = session.scalars(select(FlagDay)).one()
    assert (row.day, row.severity) == (local_day(firm.timezone, later), Severity.MODERATE)
    assert flag.severity is Severity.SEVERE
    assert flag.severity_why.startswith("Severe: they say that they leave")
