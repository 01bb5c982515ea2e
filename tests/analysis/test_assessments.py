"""From an answer to a flag: read, scored, raised, held, cleared."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from analysis.flags.followups import resolve
from analysis.flags.mornings import next_morning
from analysis.models import (
    AnswerAnalysis,
    Flag,
    FlagStatus,
    LadderMove,
    OutcomeResult,
    RelationshipState,
    Rung,
    Severity,
)
from analysis.scoring.assessments import analyse_batch, lock_due_clients, score_clients
from analysis.scoring.evidence import load_evidence
from analysis.tasks import tasks
from analysis.text.analyser import AspectMention, Comment, Reading, Span
from survey import clock
from survey.config import Settings
from survey.firms import get_firm
from survey.models import Answer, Client, Contact, InvitationState, ResponseOrigin
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response


@dataclass
class KeywordAnalyser:
    """A tiny analyser with a version of its own: "leave" means leaving, "bad" is negative."""

    model: str = "keyword-1"
    seen: list[Comment] = field(default_factory=list)

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        self.seen.extend(comments)
        return [self._read(comment.text) for comment in comments]

    def _read(self, text: str) -> Reading:
        bad, leave = text.find("bad"), text.find("leave")
        spans = tuple(Span(at, at + 3, -0.9) for at in (bad, leave) if at >= 0)
        aspects = (AspectMention("communication", "negative", bad, bad + 3),) if bad >= 0 else ()
        score = -0.8 if spans else 0.5
        sentiment = "negative" if spans else "positive"
        chances = {"negative": 0.0, "neutral": 0.0, "positive": 0.0, "mixed": 0.0, sentiment: 1.0}
        intents = {"leaving": 0.9 if leave >= 0 else 0.0, "complaint": 0.0, "callback": 0.0, "praise": 0.0}
        return Reading(text, "en", sentiment, score, chances, aspects, intents, spans, self.model)


def make_history(session: Session, days: Sequence[float] = (200, 160, 120, 80, 40, 10), **values: object) -> Contact:
    """A contact of a client with jobs done so many days ago, the earlier ones rated 5 of 5."""
    contact = make_contact(session, make_client(session, **values))
    for day in days:
        at = NOW - timedelta(days=day)
        job = make_job(session, contact, promised_at=at + timedelta(days=1), value=500)
        resolution = make_resolution(session, job, completed_at=at)
        if day > 15:
            make_response(session, resolution, submitted_at=at + timedelta(days=1), csat=5)
    return contact


def answer_last(session: Session, contact: Contact, **answers: object) -> Answer:
    """An answer given just now about a job done yesterday; returns its last answer row."""
    job = make_job(session, contact)
    response = make_response(session, make_resolution(session, job), submitted_at=NOW, **answers)
    contact.client.add_evidence()
    session.flush()
    return response.answers[-1]


def score(session: Session, now: datetime = NOW) -> None:
    while score_clients(session, lock_due_clients(session, now), now):
        session.flush()


def live_flag(session: Session, client: Client) -> Flag | None:
    live = (FlagStatus.OPEN, FlagStatus.ACKNOWLEDGED)
    return session.scalar(select(Flag).where(Flag.client_id == client.id, Flag.status.in_(live)))


def test_an_answer_is_read_once_for_each_text(session: Session) -> None:
    """A second pass reads nothing, a changed text makes a new reading, and a new version does not by itself."""
    contact = make_history(session)
    comment = answer_last(session, contact, csat=2, comment="bad work")
    analyser = KeywordAnalyser()
    before = contact.client.evidence_version
    assert analyse_batch(session, analyser, NOW) == 1
    assert contact.client.evidence_version == before + 1
    assert analyse_batch(session, analyser, NOW) == 0
    comment.text, comment.answered_at = "bad work, I leave", NOW + timedelta(minutes=5)
    session.flush()
    assert analyse_batch(session, analyser, NOW + timedelta(minutes=6)) == 1
    assert analyse_batch(session, KeywordAnalyser(model="keyword-2"), NOW + timedelta(minutes=7)) == 0
    assert len(session.scalars(select(AnswerAnalysis)).all()) == 2


def test_the_analyser_is_told_what_was_asked_and_rated(session: Session) -> None:
    """The prompt and the rating beside the comment help to read it."""
    answer_last(session, make_history(session), csat=2, comment="bad")
    analyser = KeywordAnalyser()
    analyse_batch(session, analyser, NOW)
    assert analyser.seen[0].rating == 2.0
    assert "What went wrong" in analyser.seen[0].question


def test_a_comment_confirmed_again_unchanged_is_not_read_forever(session: Session) -> None:
    """The reading of the same words is brought up to date; nothing is due afterwards."""
    comment = answer_last(session, make_history(session), csat=5, comment="fine")
    analyser = KeywordAnalyser()
    analyse_batch(session, analyser, NOW)
    comment.answered_at = NOW + timedelta(hours=1)
    session.flush()
    other = KeywordAnalyser(model="keyword-2")
    assert analyse_batch(session, other, NOW) == 1  # even with a clock that is behind the answer
    assert other.seen == []
    assert analyse_batch(session, analyser, NOW) == 0
    assert len(session.scalars(select(AnswerAnalysis)).all()) == 1


def test_an_intent_to_leave_raises_a_severe_flag_with_the_words(session: Session) -> None:
    """From the comment to the flag: reasons, quoted words, what clears it, the survey hold."""
    contact = make_history(session)
    comment = answer_last(session, contact, csat=3, comment="Fine. I will leave you.")
    analyse_batch(session, KeywordAnalyser(), NOW)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    assert flag.severity is Severity.SEVERE
    reason = flag.reasons[0]
    assert reason["signal"] == "leaving"
    assert reason["evidence"][0]["source"] == f"answer/{comment.id}"
    assert reason["evidence"][0]["text"] == "I will leave you."
    assert flag.clears_if.startswith("Clears if")
    assert contact.client.surveys_held_at == NOW
    assert contact.client.surveys_held_reason.startswith("Flagged: ")


def test_a_healthy_client_is_scored_and_not_flagged(session: Session) -> None:
    """State, rung and its move are kept; nothing else happens until the next morning."""
    contact = make_history(session)
    answer_last(session, contact, csat=5, nps=10)
    score(session)
    state = session.get_one(RelationshipState, contact.client_id)
    assert state.rung is Rung.ADVOCATE
    assert state.health > 80
    assert state.value_year == 3000
    assert state.evidence_version == contact.client.evidence_version
    assert state.contributions[0]["text"]
    assert live_flag(session, contact.client) is None
    assert score_clients(session, lock_due_clients(session, NOW), NOW) == 0
    assert score_clients(session, lock_due_clients(session, state.rescore_at), state.rescore_at) == 1


def test_history_that_came_at_once_moves_up_the_ladder_on_its_own_dates(session: Session) -> None:
    """An imported past shows when a client became one, not the day of the import."""
    contact = make_history(session)
    score(session)
    moves = session.scalars(select(LadderMove).order_by(LadderMove.moved_at)).all()
    assert moves[0].from_rung is None
    assert moves[0].to_rung is Rung.NEW
    assert moves[0].moved_at < NOW - timedelta(days=190)
    became = next(move for move in moves if move.to_rung is Rung.CLIENT)
    assert became.moved_at < NOW - timedelta(days=30)
    assert session.get_one(RelationshipState, contact.client_id).rung_since == became.moved_at


def test_a_live_flag_is_brought_up_to_date_not_doubled(session: Session) -> None:
    """More evidence changes the one flag of the client."""
    contact = make_history(session)
    answer_last(session, contact, csat=2)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    assert flag.severity is Severity.MODERATE
    answer_last(session, contact, csat=1, comment="bad, I leave")
    analyse_batch(session, KeywordAnalyser(), NOW)
    score(session, NOW + timedelta(hours=1))
    flags = session.scalars(select(Flag)).all()
    assert flags == [flag]
    assert flags[0].severity is Severity.SEVERE
    assert flags[0].updated_at == NOW + timedelta(hours=1)


def test_a_flag_clears_when_its_evidence_has_aged(session: Session) -> None:
    """A single bad score fades; the hold on surveys ends with the flag."""
    contact = make_history(session)
    answer_last(session, contact, csat=2)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    for day in (20, 40, 60):
        at = NOW + timedelta(days=day)
        make_resolution(session, make_job(session, contact), completed_at=at)
    contact.client.add_evidence()
    score(session, NOW + timedelta(days=10))
    assert live_flag(session, contact.client) is flag
    score(session, NOW + timedelta(days=61))
    assert flag.status is FlagStatus.CLEARED
    assert "Cleared on" in flag.clears_if
    assert contact.client.surveys_held_at is None


def test_an_outcome_recorded_while_the_scorer_waited_is_seen(session: Session, settings: Settings) -> None:
    """A worker that read its clock before a manager resolved the flag does not flag the client again."""
    contact = make_history(session)
    answer_last(session, contact, csat=1, comment="We will leave")
    analyse_batch(session, KeywordAnalyser(), NOW)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    later = NOW + timedelta(minutes=5)
    resolve(session, flag, None, OutcomeResult.KEPT, "They stay.", later)
    session.commit()
    scoring = next(task for task in tasks(settings) if task.name == "score relationships")
    with clock.fixed_at(later + timedelta(seconds=1)):
        assert scoring.run(NOW) == 1
    assert live_flag(session, contact.client) is None


def test_a_flag_that_somebody_took_on_waits_for_them(session: Session) -> None:
    """The machine does not clear what a person is working on; it says that the signs have eased."""
    contact = make_history(session)
    answer_last(session, contact, csat=2)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    flag.status = FlagStatus.ACKNOWLEDGED
    make_resolution(session, make_job(session, contact), completed_at=NOW + timedelta(days=60))
    score(session, NOW + timedelta(days=61))
    assert flag.status is FlagStatus.ACKNOWLEDGED
    assert "eased" in flag.clears_if


def test_an_internal_client_is_never_flagged(session: Session) -> None:
    """Our own firm is not scored; marking a flagged client as internal clears the flag."""
    contact = make_history(session)
    answer_last(session, contact, csat=1)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    contact.client.internal = True
    contact.client.add_evidence()
    score(session, NOW + timedelta(minutes=1))
    assert flag.status is FlagStatus.CLEARED
    inside = make_history(session, internal=True)
    answer_last(session, inside, csat=1)
    score(session)
    assert session.get(RelationshipState, inside.client_id) is None


def test_the_firm_may_choose_not_to_hold_surveys(session: Session) -> None:
    """Hold while hurting is a setting."""
    get_firm(session).hold_while_hurting = False
    contact = make_history(session)
    answer_last(session, contact, csat=1)
    score(session)
    assert live_flag(session, contact.client) is not None
    assert contact.client.surveys_held_at is None


def test_imported_history_counts_jobs_as_asks_at_most_monthly(session: Session) -> None:
    """Between the first and last imported answer each job is an ask, but one a month for a contact."""
    contact = make_contact(session)
    for day in (100, 95, 90, 50, 20):
        resolution = make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=day))
        if day in {100, 20}:
            response = make_response(session, resolution, submitted_at=NOW - timedelta(days=day - 1), csat=5)
            response.origin = ResponseOrigin.IMPORT
    session.flush()
    evidence = load_evidence(session, get_firm(session), [contact.client_id], NOW)[contact.client_id]
    assert [ask.answered for ask in evidence.asks] == [True, False, True]


def test_surveys_sent_are_asks_and_open_ones_not_yet_silence(session: Session) -> None:
    """Answered, expired and still open invitations; scheduled ones are not asks."""
    contact = make_contact(session)
    for state in (InvitationState.ANSWERED, InvitationState.EXPIRED, InvitationState.SENT):
        make_invitation(session, make_resolution(session, make_job(session, contact)), state=state)
    make_invitation(
        session, make_resolution(session, make_job(session, contact)), state=InvitationState.SCHEDULED, sent_at=None
    )
    evidence = load_evidence(session, get_firm(session), [contact.client_id], NOW + timedelta(days=2))
    asks = evidence[contact.client_id].asks
    assert sorted(ask.answered for ask in asks) == [False, False, True]
    assert all(ask.settles_at is not None for ask in asks)


def test_many_clients_take_no_more_queries_than_one(session: Session) -> None:
    """Evidence is loaded for the whole batch at once."""

    def queries_for(ids: list[int]) -> int:
        count = 0

        def on_execute(*_args: object) -> None:
            nonlocal count
            count += 1

        firm = get_firm(session)
        bind = session.get_bind()
        event.listen(bind, "before_cursor_execute", on_execute)
        load_evidence(session, firm, ids, NOW)
        event.remove(bind, "before_cursor_execute", on_execute)
        return count

    ids = [make_history(session, days=(30, 20)).client_id for _ in range(6)]
    session.flush()
    assert queries_for(ids) == queries_for(ids[:1])


@pytest.mark.parametrize(("zone", "expected"), [("UTC", 5), ("Europe/Berlin", 4)])
def test_clients_are_rescored_in_the_firms_morning(zone: str, expected: int) -> None:
    """Ageing alone changes a relationship, once a day, before anybody is at work."""
    assert next_morning(zone, NOW) == datetime(2026, 3, 11, expected, tzinfo=UTC)
