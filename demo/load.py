"""Plays the demo firm's eighteen months through the real services, day by day, so that every row has a real past.

Nothing here writes a flag, an email or a score: jobs are recorded, surveys are answered, a manager acts, and the
background tasks do the rest, with the clock set to each day in turn.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.flags import followups
from analysis.models import LIVE, Flag, FlagStatus, OutcomeResult, RatingContest, Verdict
from analysis.scoring import contests, ladder_rules, referrals
from demo.story import PlannedAnswer, Scene, Story, client_ref, read_story, scene_id, slug
from emails import suppressions
from emails.models import SuppressionReason
from survey import clock, jobs, people, responses
from survey.config import EmailTransport
from survey.db import db, transaction
from survey.errors import ConflictError
from survey.firms import get_firm
from survey.models import Client, Invitation, InvitationState, Job, RepairKind, Resolution, SurveyResponse
from survey.repairs.links import Link
from survey.repairs.requests import Said, say
from survey.runtime import runtime
from survey.users import User
from survey.worker import Task, run_until_idle

CHECKPOINT = time(10, 30)  # the hour (UTC) at which the background tasks run on each day of the past
RECENT = timedelta(days=90)  # older days are played five at a time
SCRIPTED_DAYS = 24  # flags younger than this are left as the story leaves them
DEMO_BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X)"
NOTES = {
    OutcomeResult.KEPT: "Called, listened, put it right and said so in writing. They stay.",
    OutcomeResult.LOST: "They had already signed with another firm when we called.",
    OutcomeResult.FALSE_ALARM: "Rang to ask. That is just how they write; all is well.",
    OutcomeResult.TOO_LATE: "We should have called a month earlier; the decision had been made.",
}

Progress = Callable[[int, int], None]


def load(app: Flask, today: datetime, on_progress: Progress = lambda _done, _total: None) -> bool:
    """Load the demo firm as of `today` (aware, UTC) into an empty installation.

    Returns:
        False, and changes nothing, when there are clients already.

    Raises:
        ConflictError: email would leave this machine; the demo firm is only loaded with the local mailbox.
    """
    with app.app_context():
        if db.session.scalar(select(Client.id).limit(1)) is not None:
            return False
        if runtime().settings.transport is not EmailTransport.MAILBOX:
            raise ConflictError("The demo firm is loaded only with EMAIL_TRANSPORT=mailbox, so that no email leaves.")
    play(app, read_story(today), today, on_progress)
    return True


def play(app: Flask, story: Story, today: datetime, on_progress: Progress = lambda _done, _total: None) -> None:
    """Let everything in `story` happen, from its first scene up to `today`."""
    with app.app_context(), transaction() as session:
        _furnish(session, story, story.scenes[0].at)
    _Replay(app, story, today).run(on_progress)


def _furnish(session: Session, story: Story, now: datetime) -> None:
    """The firm's face and its people; clients come into being with their first job."""
    firm = get_firm(session)
    for name, value in story.firm.items():
        setattr(firm, name, value)
    for person in story.owners:
        people.create_person(session, person["email"], person["role"], now, name=person["name"])


class _Replay:
    """The past as a queue of moments. Sending a survey puts the client's answer into the queue."""

    def __init__(self, app: Flask, story: Story, today: datetime) -> None:
        self.app = app
        self.today = today
        self.clients = {client_ref(client): client for client in story.clients}
        self.answers = {scene.record.external_id: scene.answer for scene in story.scenes if scene.answer}
        self.answering: set[int] = set()
        self.order = itertools.count()
        self.queue: list[tuple[datetime, int, Callable[[Session, datetime], None]]] = []
        for scene in story.scenes:
            self._at(scene.at, self._player(scene))
        self.first = story.scenes[0].at
        self._plan_decisions(story)

    def run(self, on_progress: Progress) -> None:
        days = list(self._checkpoints())
        for number, moment in enumerate(days):
            self._play_until(moment)
            with clock.fixed_at(moment):
                run_until_idle(_tasks(self.app), self.app.app_context)
            with self.app.app_context():
                self._plan_answers()
                with transaction() as session:
                    self._manage(session, moment)
            on_progress(number + 1, len(days))

    def _checkpoints(self) -> Iterator[datetime]:
        day = datetime.combine(self.first.date(), CHECKPOINT, self.today.tzinfo)
        while day < self.today:
            yield day
            day += timedelta(days=5 if self.today - day > RECENT else 1)
        yield self.today

    def _plan_decisions(self, story: Story) -> None:
        """What the managers decide by themselves: the ladder's rules, referrals noted, ratings contested."""
        for told in story.rules:
            self._at(self.today - timedelta(days=told["ago"]), partial(_set_rules, told))
        for told in story.referrals:
            self._at(self.today - timedelta(days=told["ago"]), partial(_note_referral, told))
        for told in story.contests:
            happened = self.today - timedelta(days=told["moment"])
            self._at(happened + timedelta(days=told["after"]), partial(_contest, told))
            if "verdict" in told:
                self._at(happened + timedelta(days=told["reviewed_after"]), partial(_review, told))

    def _at(self, moment: datetime, action: Callable[[Session, datetime], None]) -> None:
        heapq.heappush(self.queue, (moment, next(self.order), action))

    def _play_until(self, moment: datetime) -> None:
        while self.queue and self.queue[0][0] <= moment:
            at, _, action = heapq.heappop(self.queue)
            with self.app.app_context(), clock.fixed_at(at), transaction() as session:
                action(session, at)

    def _player(self, scene: Scene) -> Callable[[Session, datetime], None]:
        def play(session: Session, now: datetime) -> None:
            if scene.bounced:
                suppressions.suppress(session, scene.record.contact_email, SuppressionReason.BOUNCED, "demo firm", now)
            elif scene.reopened:
                job = session.scalars(select(Job).where(Job.external_id == scene.record.external_id)).one()
                jobs.reopen_job(session, job, now)
            else:
                recorded = jobs.record_job(session, scene.record, now)
                self._introduce(session, recorded.job.client, now)

        return play

    def _introduce(self, session: Session, client: Client, now: datetime) -> None:
        """Owner and referrer of a client, as soon as both are known."""
        told = self.clients[client.ref]
        if client.owner_id is None:
            client.owner_id = _user_id(session, told["owner"])
        if client.referred_by_id is None and "referred_by" in told:
            sender = session.scalar(select(Client).where(Client.name == told["referred_by"]))
            if sender is not None:
                referrals.record_referral(session, sender, client.name, sender.owner_id, now)

    def _plan_answers(self) -> None:
        """For every survey that has gone out, put the client's answer (if there is to be one) into the queue."""
        rows = db.session.execute(
            select(Invitation.id, Invitation.sent_at, Job.external_id)
            .join(Resolution, Invitation.resolution_id == Resolution.id)
            .join(Job, Resolution.job_id == Job.id)
            .where(Invitation.state == InvitationState.SENT)
        )
        for invitation_id, sent_at, external_id in rows:
            planned = self.answers.get(external_id)
            if planned and sent_at and invitation_id not in self.answering:
                self.answering.add(invitation_id)
                self._at(sent_at + planned.after, self._answerer(invitation_id, planned))

    def _answerer(self, invitation_id: int, planned: PlannedAnswer) -> Callable[[Session, datetime], None]:
        def answer(session: Session, now: datetime) -> None:
            invitation = session.get_one(Invitation, invitation_id)
            if invitation.state is not InvitationState.SENT:
                return
            if planned.repair:
                _put_right(session, invitation, planned.repair, now)
                return
            responses.submit(session, invitation, planned.answers, planned.steps, now, user_agent=DEMO_BROWSER)
            if planned.promise_call:
                self._at(now + timedelta(days=1), self._promiser(invitation.client_id, *planned.promise_call))

        return answer

    def _promiser(self, client_id: int, days: int, note: str) -> Callable[[Session, datetime], None]:
        def promise(session: Session, now: datetime) -> None:
            flag = session.scalars(
                select(Flag).where(Flag.client_id == client_id, Flag.status.in_(LIVE)).limit(1)
            ).first()
            if flag:
                followups.acknowledge(session, flag, flag.client.owner_id, now)
                followups.promise_call(session, flag, flag.client.owner_id, now + timedelta(days=days), note, now)

        return promise

    def _manage(self, session: Session, now: datetime) -> None:
        """What the firm's managers did about flags that are history by now."""
        if now > self.today - timedelta(days=SCRIPTED_DAYS):
            return
        for flag in session.scalars(select(Flag).where(Flag.status.in_(LIVE))):
            told, owner, age = self.clients[flag.client.ref], flag.client.owner_id, now - flag.raised_at
            if not told.get("attended", True):
                continue  # the story wants this one to be found still open
            if flag.status is FlagStatus.OPEN and age >= timedelta(days=1):
                followups.acknowledge(session, flag, owner, now)
                followups.log_contact(session, flag, owner, "Called and listened.", now)
            elif age >= timedelta(days=7):
                result = OutcomeResult(told.get("outcome", "kept"))
                followups.resolve(session, flag, owner, result, NOTES[result], now)


def _put_right(session: Session, invitation: Invitation, told: dict[str, str], now: datetime) -> None:
    """What a client says on a survey besides answering it."""
    contact, name = invitation.contact, told.get("name", "")
    email = f"{slug(name).replace('-', '.')}@{contact.email.partition('@')[2]}" if name else ""
    said = Said(RepairKind(told["kind"]), name, email, words=told["words"])
    say(session, Link(invitation, contact), said, now, DEMO_BROWSER)


def _user_id(session: Session, name: str) -> int | None:
    """The person whose address begins with `name`."""
    return session.scalar(select(User.id).where(User.email.startswith(name + "@")))


def _set_rules(told: dict[str, Any], session: Session, now: datetime) -> None:
    values = {**ladder_rules.rules_in_force(session).rules.as_dict(), **told}
    ladder_rules.save_rules(session, values, told["note"], _user_id(session, told["by"]), now)


def _note_referral(told: dict[str, Any], session: Session, now: datetime) -> None:
    sender = session.scalar(select(Client).where(Client.name == told["from"]))
    if sender is not None:
        referrals.record_referral(session, sender, told["name"], _user_id(session, told["by"]), now)


def _contest(told: dict[str, Any], session: Session, now: datetime) -> None:
    """Contest the rating of a written moment for whoever led that job, if it was rated."""
    response = session.scalar(
        select(SurveyResponse)
        .join(Resolution, Resolution.id == SurveyResponse.resolution_id)
        .join(Job, Job.id == Resolution.job_id)
        .where(Job.external_id == scene_id({"name": told["client"]}, told["moment"]))
    )
    if response is not None and response.resolution.staff:
        lead = max(response.resolution.staff, key=lambda person: person.share)
        contests.contest_rating(session, response.id, lead.name, told["reason"], _user_id(session, told["by"]), now)


def _review(told: dict[str, Any], session: Session, now: datetime) -> None:
    contest = session.scalar(select(RatingContest).where(RatingContest.reason == told["reason"]))
    if contest is not None:
        reviewer = _user_id(session, told["reviewer"])
        contests.review(session, contest, Verdict(told["verdict"]), told["note"], reviewer, now)


def _tasks(app: Flask) -> tuple[Task, ...]:
    """The tasks of `app`, but for looking for themes: today's would replace those of five hundred past days."""
    with app.app_context():
        return tuple(task for task in runtime().tasks if task.name != "find themes")
