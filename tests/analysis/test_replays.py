"""A history that came in at once is replayed as it happened."""

from datetime import timedelta

import pytest

from analysis.relationships.assessment import assess, stood
from analysis.relationships.evidence import Evidence
from analysis.relationships.history import as_of
from analysis.relationships.ladder import Before
from analysis.relationships.past import HISTORY_STEP, Yardstick, replayed
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, client, loyal, rated, read
from tests.conftest import NOW

BY = Yardstick(FirmUsual())
STORIES = (
    loyal(rated(60, 2), rated(20, 1, read("We will look for somebody else.", leaving=0.9))),
    client(job_days=(900, 860, 820, 790, 400, 390)),
    client(responses=(rated(390, 5, nps=10), rated(200, 5, nps=9), rated(30, 3, nps=5))),
    client(job_days=(20,)),
    Evidence(),
)


@pytest.mark.parametrize("evidence", STORIES)
def test_a_replayed_past_is_what_every_look_would_have_found(evidence: Evidence) -> None:
    """Replaying quickly finds the rungs and severities that the whole assessment finds at each step."""
    before, moves = Before(), []
    moment = evidence.jobs[0].completed_at + timedelta(days=1) if evidence.jobs else NOW
    while moment < NOW:
        found = assess(as_of(evidence, moment), BY.usual, moment, before)
        if found.standing.rung != before.rung:
            moves.append((moment, found.standing))
        before = before.then(found.standing.rung, found.judgement.severity, moment)
        moment += HISTORY_STEP
    past = replayed(evidence, BY, NOW)
    assert [(move.at, move.standing) for move in past.moves] == moves
    assert past.before == before


def test_only_what_was_known_by_then_moves_anybody() -> None:
    """The moves of a history end where they are cut off: nothing later changes them."""
    whole = replayed(STORIES[0], BY, NOW)
    cut = replayed(STORIES[0], BY, ago(100))
    assert cut.moves == whole.moves[: len(cut.moves)]
    assert all(quote.at <= move.at for move in whole.moves for quote in move.rests_on)


def test_one_who_lapsed_unflagged_has_no_severity() -> None:
    """Once a client is gone, no flag is found late: the ladder says it."""
    gone = client(job_days=(900, 860, 820, 790), responses=(rated(780, 1),))
    _, severity = stood(gone, BY.usual, NOW, Before("customer"))
    assert severity is None
