"""The background tasks of sending: due invitations become emails, once, whatever fails and whoever else works."""

import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emails import outbox, tasks
from emails.models import EmailAttempt, EmailKind, EmailMessage, EmailState, MailboxMessage
from emails.senders import MailboxSender
from emails.senders.base import NotSentError, Outcome, OutgoingEmail, RejectedError
from survey import clock
from survey.config import Settings, load_settings
from survey.db import db
from survey.models import Invitation, InvitationState
from survey.worker import run_until_idle
from tests.conftest import NOW, SECRET_KEY
from tests.emails.factories import ScriptedSender, begin, queue_survey
from tests.factories import make_contact, make_invitation, make_job, make_resolution
from wsgi import create_app


def schedule(session: Session, **values: object) -> Invitation:
    """An invitation that is due, for a contact whose day it is."""
    contact = make_contact(session, timezone="UTC")
    resolution = make_resolution(session, make_job(session, contact))
    return make_invitation(session, resolution, state=InvitationState.SCHEDULED, sent_at=None, due_at=NOW, **values)


def all_messages(session: Session) -> list[EmailMessage]:
    session.rollback()
    return list(session.scalars(select(EmailMessage).order_by(EmailMessage.id)))


def test_a_due_invitation_becomes_one_email(session: Session) -> None:
    """Released and queued in one transaction, under the key of resolution and contact; the second run finds nothing."""
    invitation = schedule(session)
    session.commit()
    assert tasks.invite(NOW) == 1
    assert tasks.invite(NOW) == 0
    (message,) = all_messages(session)
    assert message.once_key == f"survey/{invitation.resolution_id}/{invitation.contact_id}"
    assert (message.kind, message.state) == (EmailKind.SURVEY, EmailState.PENDING)
    assert message.not_after == NOW + timedelta(days=7)


def test_an_invitation_outside_the_hours_only_moves(session: Session) -> None:
    """At 03:00 nothing is queued, and the task says that it moved the row, so that it is not asked in circles."""
    schedule(session)
    session.commit()
    night = NOW.replace(hour=23)
    assert tasks.invite(night) == 1
    assert tasks.invite(night) == 0
    assert all_messages(session) == []


def test_a_reminder_goes_out_once(session: Session) -> None:
    """Four days later, to who has not answered, and never twice."""
    invitation = make_invitation(session, sent_at=NOW - timedelta(days=4), reminder_due_at=NOW)
    session.commit()
    assert tasks.remind(NOW) == 1
    assert tasks.remind(NOW + timedelta(days=1)) == 0
    (message,) = all_messages(session)
    assert message.once_key == f"reminder/{invitation.resolution_id}/{invitation.contact_id}"


def test_one_bad_row_does_not_stop_the_others(session: Session) -> None:
    """An invitation that cannot be released is undone alone; alone in a batch it makes the worker wait."""
    good, bad = schedule(session), schedule(session)
    bad_id = bad.id
    session.commit()
    seen = []

    def step(session: Session, row: Invitation, _now: object) -> int:
        row.reason = "touched"
        session.flush()
        if row.id == bad_id:
            raise ValueError("broken")
        seen.append(row.id)
        return 1

    assert tasks._each(session, [bad, good], step, NOW) == 1
    session.commit()
    session.refresh(bad)
    assert seen == [good.id]
    assert bad.reason == ""
    with pytest.raises(RuntimeError, match="1 rows failed"):
        tasks._each(session, [bad], step, NOW)


def test_no_transaction_is_open_while_the_network_is(session: Session, settings: Settings) -> None:
    """While a message is under way its try is committed, and another connection can write."""
    queue_survey(session)
    seen: list[EmailState] = []

    def meanwhile() -> None:
        with db.engine.begin() as other:
            seen.append(other.execute(select(EmailMessage.state)).scalar_one())
            other.execute(select(func.count()).select_from(EmailAttempt))

    with clock.fixed_at(NOW):
        assert tasks.send_batch(ScriptedSender(meanwhile=meanwhile), settings, NOW) == 1
    assert seen == [EmailState.SENDING]
    assert all_messages(session)[0].state is EmailState.ACCEPTED


def test_a_batch_goes_on_after_a_failure(session: Session, settings: Settings) -> None:
    """Each message's outcome is its own."""
    for _ in range(3):
        queue_survey(session)
    sender = ScriptedSender(RejectedError("400"), NotSentError("450"))
    with clock.fixed_at(NOW):
        tasks.send_batch(sender, settings, NOW)
        assert tasks.send_batch(sender, settings, NOW) == 0
    assert [message.state for message in all_messages(session)] == [
        EmailState.REJECTED,
        EmailState.PENDING,
        EmailState.ACCEPTED,
    ]


class _Broken:
    most = 10

    def send(self, _batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        raise ZeroDivisionError


def test_an_unforeseen_error_is_an_unknown_outcome(session: Session, settings: Settings) -> None:
    """A bug in a sender may have struck after the bytes left: never a blind retry."""
    queue_survey(session)
    with clock.fixed_at(NOW):
        tasks.send_batch(_Broken(), settings, NOW)
    assert all_messages(session)[0].state is EmailState.UNKNOWN


def test_stale_rows_are_recovered_by_the_task(session: Session, settings: Settings) -> None:
    """A worker that died in the middle of sending leaves an unknown message, moved on exactly once."""
    queue_survey(session)
    begin(session, settings)
    later = NOW + timedelta(minutes=6)
    assert tasks.recover(NOW) == 0
    assert tasks.recover(later) == 1
    assert tasks.recover(later) == 0
    assert all_messages(session)[0].state is EmailState.UNKNOWN


def test_the_story_from_due_to_mailbox(app: Flask, session: Session, settings: Settings) -> None:
    """All tasks together: three due invitations end as three messages in the mailbox, .example addresses included."""
    for _ in range(3):
        schedule(session)
    session.commit()
    with clock.fixed_at(NOW):
        work = run_until_idle(tasks.tasks(settings), app.app_context)
    assert work.failed == {}
    assert work.done["emails.send"] == 3
    assert len(session.scalars(select(MailboxMessage.id)).all()) == 3


class _CountingSender(MailboxSender):
    """The mailbox, a little slow, so that two processes really meet."""

    most = 3

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        time.sleep(random.random() / 30)
        return super().send(batch)


def _work(database_url: str, instance_path: str, seed: int) -> None:
    """One worker process: sends until nothing is due."""
    random.seed(seed)
    settings = load_settings(
        _env_file=None, instance_path=instance_path, database_url=database_url, secret_key=SECRET_KEY
    )
    app = create_app(settings)
    with clock.fixed_at(NOW), app.app_context():
        while tasks.send_batch(_CountingSender(), settings, NOW):
            pass


class _SmallBatches(ScriptedSender):
    """Few at a time; says who sent."""

    most = 2

    def __init__(self) -> None:
        super().__init__()
        self.senders: set[str] = set()

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        self.senders.add(threading.current_thread().name.partition("_")[0])
        return super().send(batch)


def test_a_long_queue_is_sent_in_lanes(session: Session, settings: Settings) -> None:
    """More than a batch: on PostgreSQL threads send beside each other, each message once, and its outcome is kept."""
    expected = Counter(queue_survey(session).to_email for _ in range(30))
    session.commit()
    sender, moved = _SmallBatches(), []
    with clock.fixed_at(NOW):
        while count := tasks.send_due(sender, settings, NOW):
            moved.append(count)
    assert Counter(email.to.email for email in sender.sent) == expected
    assert {message.state for message in all_messages(session)} == {EmailState.ACCEPTED}
    assert session.scalar(select(func.count()).select_from(EmailAttempt)) == sum(moved) == 30
    in_lanes = db.engine.dialect.name == "postgresql"
    assert ("sending" in sender.senders, moved[0]) == (in_lanes, 18 if in_lanes else 2)


@pytest.mark.servers
def test_two_processes_never_send_twice(session: Session, settings: Settings) -> None:
    """Two workers on one queue: every message goes out exactly once, with one attempt each."""
    expected = [queue_survey(session).to_email for _ in range(60)]
    session.rollback()
    context = multiprocessing.get_context("forkserver")
    arguments = [(settings.database_url, str(settings.instance_path), seed) for seed in (1, 2)]
    workers = [context.Process(target=_work, args=values) for values in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    received = Counter(session.scalars(select(MailboxMessage.to_email)))
    assert received == Counter(expected)
    assert session.scalar(select(func.count()).select_from(EmailAttempt)) == 60
    assert {message.state for message in all_messages(session)} == {EmailState.ACCEPTED}


def test_claims_of_two_workers_are_disjoint(session: Session) -> None:
    """What one has claimed the other does not see."""
    for _ in range(5):
        queue_survey(session)
    claims = []
    for _ in range(2):
        claims.append(outbox.claim_batch(session, NOW, limit=3))
        session.commit()
    found = [message_id for claim in claims if claim for message_id in claim.message_ids]
    assert len(found) == len(set(found)) == 5
