"""Jobs that are closed and worked on at the same moment: nobody is asked more often than the rules say."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from emails import tasks
from emails.models import EmailMessage, EmailState
from survey import clock
from survey.config import Settings
from survey.db import transaction
from survey.invitations import schedule_batch
from survey.jobs import JobRecord, record_job
from survey.models import Firm, Invitation
from tests.conftest import NOW, SECRET_KEY
from tests.emails.factories import ScriptedSender

_numbers = itertools.count(1)
LATER = NOW + timedelta(hours=25)
STEPS = ("closed", "decided", "released")


def at_once(app: Flask, steps: Sequence[Callable[[], object]]) -> None:
    """Each in a thread of its own, all beginning together."""
    ready = threading.Barrier(len(steps))

    def run(step: Callable[[], object]) -> None:
        with app.app_context():
            ready.wait(30)
            step()

    with ThreadPoolExecutor(len(steps)) as threads:
        for done in [threads.submit(run, step) for step in steps]:
            done.result(60)


def closing(person: str, client: str) -> Callable[[], None]:
    """Closes a job for a person at a client; somebody may work for two."""
    record = JobRecord(
        source="race",
        external_id=f"R{next(_numbers)}",
        client=client,
        client_ref=client,
        contact_email=f"{person}@client.example",
        completed_at=NOW,
    )

    def close() -> None:
        with transaction() as session:
            record_job(session, record, NOW)

    return close


def decide() -> None:
    with transaction() as session:
        schedule_batch(session, SECRET_KEY, NOW)


# Each example starts threads on a real database: few of them.
@examples(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    jobs=st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("AB")), min_size=2, max_size=4),
    budget=st.integers(1, 2),
    raced=st.sampled_from(STEPS),
)
def test_jobs_that_finish_at_once_never_tire_anybody(
    app: Flask, session: Session, settings: Settings, jobs: list[tuple[str, str]], budget: int, raced: str
) -> None:
    """An address gets one survey in the resting days, a client no more than its budget, wherever the race begins."""
    this = next(_numbers)
    session.get_one(Firm, 1).client_budget = budget
    session.commit()
    closings = [closing(f"{person}{this}", f"{client}{this}") for person, client in jobs]
    sender = ScriptedSender()

    def send() -> None:
        with clock.fixed_at(LATER):
            tasks.send_batch(sender, settings, LATER)

    steps = (decide, lambda: tasks.invite(LATER), send)
    before = STEPS.index(raced)  # how much has happened, one after the other, when the race begins
    if before:
        for step in (*closings, *steps[: before - 1]):
            step()

    def run(close: Callable[[], None]) -> Callable[[], None]:
        def all_of_it() -> None:
            for step in (close, *steps) if not before else steps[before - 1 :]:
                step()

        return all_of_it

    at_once(app, [run(close) for close in closings])
    for step in steps:  # whoever was passed over while another held a row
        step()
    session.rollback()
    rows = select(EmailMessage.to_email, Invitation.client_id).join(Invitation).where(_went_out(this))
    sent = session.execute(rows).all()
    assert max(Counter(address for address, _client in sent).values()) == 1
    assert max(Counter(client for _address, client in sent).values()) <= budget


def _went_out(this: int) -> ColumnElement[bool]:
    return (EmailMessage.state == EmailState.ACCEPTED) & EmailMessage.to_email.in_(
        [f"{person}{this}@client.example" for person in "xy"]
    )
