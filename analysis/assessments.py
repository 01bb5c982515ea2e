"""Reads new answers, scores relationships, raises and clears flags. Batches; the worker commits each."""

from datetime import datetime

from sqlalchemy.orm import Session

from analysis.text.analyser import TextAnalyser


def analyse_batch(session: Session, analyser: TextAnalyser, now: datetime, limit: int = 200) -> int:
    """Read up to `limit` answers whose present text this analyser has not read; returns how many."""
    return 0


def score_batch(session: Session, now: datetime, limit: int = 100) -> int:
    """Score up to `limit` clients whose evidence or time moved on; returns how many."""
    return 0
