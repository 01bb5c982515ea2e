"""The background tasks of reading, scoring, flagging and telling."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from analysis.backtest.worker import BacktestTask
from analysis.flags import alerts, repair_news
from analysis.learning import drift
from analysis.learning.refit_worker import refit_weights
from analysis.reading import recalibration, subject_trials, subjects, themes
from analysis.reading.analysers import Embedder, analyser, analyser_with, embedder
from analysis.reading.readings import confirm_known, store, tell_clients, waiting
from analysis.reading.subjects import Examples
from analysis.scoring import levels
from analysis.scoring.assessments import due_versions, lock_due_clients, score_clients
from analysis.scoring.helper import MANY, Helper
from analysis.scoring.keeping import keep, locked
from analysis.scoring.scorer import Gauge, Scored, gauge, judged
from analysis.text.analyser import TextAnalyser
from analysis.text.recalibration import Recalibration
from survey import clock
from survey.config import ReadingMode, Settings
from survey.db import begin_reading, db, transaction
from survey.worker import Task

READ_AT_ONCE, SCORED_AT_ONCE = 200, 480


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order: read what was said, score whom it concerns, tell who must know."""

    def alert(session: Session, now: datetime) -> int:
        return alerts.alert_batch(session, settings, now)

    def tell_repairs(session: Session, now: datetime) -> int:
        return repair_news.repair_batch(session, settings, now)

    def digest(session: Session, now: datetime) -> int:
        return alerts.digest_batch(session, settings, now)

    mode, helper = settings.text_analyser, Helper(settings.engine_url)
    return (
        Task("read answers", lambda _now: read_answers(partial(analyser_with, mode))),
        Task("try the firm's own subjects", lambda _now: try_subject(partial(embedder, mode))),
        Task("count what is usual", lambda _now: count_levels()),
        Task("score relationships", lambda _now: score(helper)),
        Task("watch for drift", _in_transaction(drift.watch)),
        Task("refit the loss weights", refit_weights),
        Task("find themes", lambda _now: find_themes(partial(embedder, mode))),
        Task("alert about flags", _in_transaction(alert)),
        Task("tell of repairs", _in_transaction(tell_repairs)),
        Task("send the morning digest", _in_transaction(digest)),
        Task("replay the past", BacktestTask(partial(analyser, ReadingMode.FAST))),
    )


def read_answers(analyser_for: Callable[[Examples, Recalibration | None], TextAnalyser]) -> int:
    """Read all that waits, a batch at a time: nobody is judged on half of what they said.

    Models read while no transaction is open, so that a slow one keeps nobody from writing. `analyser_for` gives the
    analyser that knows what the firm has taught it: its own subjects, by their examples, and its calibration.
    """
    done = 0
    while True:
        begin_reading(db.session)
        words = waiting(db.session, READ_AT_ONCE)
        examples, calibration = subjects.in_force(db.session), recalibration.in_force(db.session)
        db.session.rollback()
        if not words:
            return done
        with transaction() as session:
            known = confirm_known(session, words, clock.now())
        fresh = [item for item in words if item.answer_id not in known]
        analyser = analyser_for(examples, calibration)
        found = analyser.analyse([item.comment for item in fresh])
        with transaction() as session:
            touched = store(session, analyser.model, list(zip(fresh, found, strict=True)), clock.now())
            tell_clients(session, touched)
        done += len(words)
        if len(words) < READ_AT_ONCE:
            return done


def try_subject(able: Callable[[], Embedder | None]) -> int:
    """Try one of the firm's own subjects on recent comments, while no transaction is open."""
    begin_reading(db.session)
    wanted = subject_trials.untried(db.session)
    comments = subject_trials.recent_comments(db.session) if wanted else []
    db.session.rollback()
    model = able() if wanted else None
    if wanted is None or model is None:
        return 0
    trial = subject_trials.tried(wanted, model, comments)
    with transaction() as session:
        subject_trials.keep_trial(session, wanted, trial, clock.now())
    return 1


def count_levels() -> int:
    """Count what is usual for the firm when it is time, while no transaction is open that could write."""
    begin_reading(db.session)
    count = levels.counted_if_due(db.session, clock.now())
    db.session.rollback()
    if count is None:
        return 0
    with transaction() as session:
        levels.keep(session, count)
    return 1


def find_themes(able: Callable[[], Embedder | None]) -> int:
    """Look for themes once a day; returns how many are said. Without an embedder (the fast tier alone) there are none.

    No transaction is open while sentences are embedded, which takes half a minute for 5,000 of them.
    """
    begin_reading(db.session)
    is_due = themes.due(db.session, clock.now())
    db.session.rollback()
    model = able() if is_due else None
    if model is None:
        return 0
    begin_reading(db.session)
    material = themes.gather(db.session, model.space, clock.now())
    db.session.rollback()
    found = themes.look(model, material)
    with transaction() as session:
        return themes.store(session, material, found, clock.now())


def score(helper: Helper) -> int:
    """Score the next clients that are due; many of them with a second process."""
    begin_reading(db.session)
    due = due_versions(db.session, clock.now(), SCORED_AT_ONCE)
    db.session.rollback()
    if len(due) >= MANY:
        return score_many(due, helper)
    helper.stop()
    if not due:
        return 0
    with transaction() as session:
        clients = lock_due_clients(session, clock.now())
        return score_clients(session, clients, clock.now())


def score_many(due: Mapping[int, int], helper: Helper) -> int:
    """Judge these clients while no transaction is open that could write, and keep what holds still."""
    by = _gauge()
    now, done = clock.now(), 0

    def mine(versions: Mapping[int, int], by: Gauge, now: datetime) -> list[Scored]:
        begin_reading(db.session)
        try:
            return judged(db.session, versions, by, now)
        finally:
            db.session.rollback()

    for scored in helper.judge(due, by, now, mine):
        with transaction() as session:
            done += keep(session, locked(session, [one.client_id for one in scored]), scored, now)
    return done


def _gauge() -> Gauge:
    """What all are judged by; levels that are missing or stale are counted first."""
    begin_reading(db.session)
    if levels.are_fresh(db.session, clock.now()):
        found = gauge(db.session, levels.levels_for_reading(db.session, clock.now()))
        db.session.rollback()
        return found
    with transaction() as session:
        return gauge(session, levels.levels_for_scoring(session, clock.now()))


def _in_transaction(work: Callable[[Session, datetime], int]) -> Callable[[datetime], int]:
    def run(now: datetime) -> int:
        with transaction() as session:
            return work(session, now)

    return run
