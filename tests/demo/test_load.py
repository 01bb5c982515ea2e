"""The demo firm's story, played through the real services."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from analysis.models import LIVE, Flag, FollowUp, FollowUpKind, RelationshipState
from demo.load import load, play
from demo.story import read_story
from emails.models import EmailMessage, EmailState, MailboxMessage
from survey.config import Settings
from survey.db import Base, db
from survey.errors import ConflictError
from survey.models import Client, Repair, RepairKind, SurveyResponse
from tests.conftest import NOW

TOLD = ("Okafor Legal", "Marlowe & Finch Accountants")
ASIDE = "Canal House Dental"


def test_the_story_is_played_through_the_whole_pipeline(app: Flask) -> None:
    """Surveys go out, are answered, read and flagged; the promised call is there; a second load changes nothing."""
    story = read_story(NOW)
    since = NOW - timedelta(days=60)
    scenes = [scene for scene in story.scenes if scene.at > since and scene.record.client in {*TOLD, ASIDE}]
    play(app, replace(story, scenes=scenes), NOW)
    with app.app_context():
        flags = {flag.client.name: flag for flag in db.session.scalars(select(Flag)) if flag.status in LIVE}
        assert set(flags) == set(TOLD)
        assert any("looking at other providers" in str(reason) for reason in flags["Okafor Legal"].reasons)
        promised = db.session.scalars(select(FollowUp).where(FollowUp.kind == FollowUpKind.PROMISED_CALL)).one()
        assert promised.flag_id == flags["Marlowe & Finch Accountants"].id
        assert _count(SurveyResponse) >= 3
        repair = db.session.scalars(select(Repair)).one()
        assert (repair.client.name, repair.kind, repair.name) == (ASIDE, RepairKind.COLLEAGUE, "Nuala Keane")
        assert _count(RelationshipState) == 3
        assert set(db.session.scalars(select(EmailMessage.state))) <= {EmailState.ACCEPTED, EmailState.CANCELLED}
        assert _count(MailboxMessage) > 3
    assert load(app, NOW) is False


def test_the_demo_firm_is_refused_where_email_would_leave(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    """With a real transport nothing is loaded."""
    real = make_app(settings.model_copy(update={"email_transport": "smtp", "smtp_url": "smtp://127.0.0.1:1"}))
    with pytest.raises(ConflictError, match="EMAIL_TRANSPORT=mailbox"):
        load(real, NOW)
    with real.app_context():
        assert db.session.scalar(select(Client.id).limit(1)) is None


def _count(table: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0
