"""The drill in its short form, and that its verdict can fail."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from emails.models import EmailState
from emails.rehearsal.drill import Plan, run
from emails.rehearsal.ledger import SentMail
from emails.rehearsal.limits import check
from emails.rehearsal.verdict import judge
from emails.rehearsal.webhooks import shuffled
from survey.config import Settings
from survey.errors import ConflictError
from tests.conftest import NOW
from tests.databases import Databases
from tests.emails.factories import begin, queue_survey


@pytest.mark.servers
def test_workers_that_are_killed_send_nothing_twice_and_lose_nothing(databases: Databases, tmp_path: Path) -> None:
    """Two workers, killed at every point, a provider of which every sixth answer goes wrong: every promise is kept."""
    report = run(databases.empty(tmp_path), tmp_path, Plan(messages=100, workers=2, kills=5, wrong_addresses=30))
    assert report.verdict.wrong == []
    assert sum(report.killed.values()) > 0
    assert sum(report.verdict.states.values()) == 100
    assert set(report.verdict.states) <= {"accepted", "rejected", "parked", "pending"}
    assert report.verdict.states["accepted"] == report.verdict.taken > 0


def test_a_database_with_something_in_it_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    """A rehearsal never writes into a firm's own database."""
    with pytest.raises(ConflictError, match="not empty"):
        run(settings.database_url, tmp_path, Plan(messages=10))


def taken(attempt_id: str) -> SentMail:
    return SentMail("m1", NOW, {"to": [{"email": "a@b.example"}], "custom_args": {"attempt_id": attempt_id}}, {})


def test_the_verdict_sees_a_double_a_loss_and_a_stranger(session: Session, settings: Settings) -> None:
    """What would be a broken promise is named."""
    message = queue_survey(session)
    begun = begin(session, settings)
    assert judge(session, [], settled=False).wrong == []
    assert "more than once" in judge(session, [taken(begun.attempt_id)] * 2, settled=False).wrong[0]
    assert "no try" in judge(session, [taken("f" * 32)], settled=False).wrong[0]
    assert "do not count" in judge(session, [taken(begun.attempt_id)], settled=True).wrong[0]
    message.state = EmailState.ACCEPTED
    session.commit()
    assert "never taken" in judge(session, [], settled=False).wrong[0]


def test_events_of_a_bad_day_are_the_same_events() -> None:
    """Shuffled, split and some doubled, but none is missing and none is new."""
    events = [{"sg_event_id": str(number)} for number in range(200)]
    batches = [*shuffled(events, seed=3, most=50)]
    seen = [event["sg_event_id"] for batch in batches for event in batch]
    assert set(seen) == {event["sg_event_id"] for event in events}
    assert len(seen) > len(events)
    assert max(map(len, batches)) <= 50


GOOD: dict[str, Any] = {
    "from": {"email": "a@b.example"},
    "personalizations": [{"to": [{"email": "c@d.example"}], "subject": "s"}],
    "content": [{"type": "text/plain", "value": "t"}],
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": GOOD["personalizations"] * 1001}, "personalizations"),
        ({"from": {"email": "nobody"}}, "from.email"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content"),
        ({"personalizations": [{"to": [{"email": "x"}], "subject": "s"}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "c@d.example"}]}]}, "personalizations.0.subject"),
        (
            {"personalizations": [{**GOOD["personalizations"][0], "substitutions": {"-a-": "x" * 10_000}}]},
            "personalizations.0.substitutions",
        ),
        (
            {"personalizations": [{**GOOD["personalizations"][0], "headers": {"Reply-To": "x"}}]},
            "personalizations.0.headers.Reply-To",
        ),
    ],
)
def test_the_provider_refuses_what_the_original_refuses(change: dict[str, object], field: str) -> None:
    """Each documented limit has its field in the answer."""
    status, problems, _payload = check(json.dumps({**GOOD, **change}).encode())
    assert status == 400
    assert field in [problem["field"] for problem in problems]
    assert check(json.dumps(GOOD).encode())[0] == 202
