"""A history that came in at once is replayed as it happened."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships.assessment import assess, stood
from analysis.relationships.evidence import Ask, Evidence, JobDone, Person, Promise, Response, Settlement
from analysis.relationships.history import Timeline, as_of
from analysis.relationships.ladder import Before, Standing
from analysis.relationships.looks import Looks
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


def _in_full(evidence: Evidence) -> tuple[list[tuple[datetime, Standing]], Before]:
    """The moves and where they end, with every look judged in full."""
    before, moves = Before(), []
    moment = evidence.jobs[0].completed_at + timedelta(days=1) if evidence.jobs else NOW
    while moment < NOW:
        found = assess(as_of(evidence, moment), BY.usual, moment, before)
        if found.standing.rung != before.rung:
            moves.append((moment, found.standing))
        before = before.then(found.standing.rung, found.judgement.severity, moment)
        moment += HISTORY_STEP
    return moves, before


@pytest.mark.parametrize("evidence", STORIES)
def test_a_replayed_past_is_what_every_look_would_have_found(evidence: Evidence) -> None:
    """Replaying quickly finds the rungs and severities that the whole assessment finds at each step."""
    moves, before = _in_full(evidence)
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


@st.composite
def histories(draw: st.DrawFn) -> Evidence:
    """Some years of jobs, answers, surveys and what else can happen, unlike any firm's."""
    random = Random(draw(st.integers(0, 10_000)))
    begun, pace = random.uniform(150, 900), random.choice((8, 20, 45))
    job_days = sorted({random.uniform(0, begun) for _ in range(int(begun / pace))} | {begun})
    whole = client(tuple(job_days), late=random.random() < 0.3)
    done = [
        replace(
            job,
            contact_id=random.choice((1, 1, 2)),
            reopened_at=job.completed_at + timedelta(days=2) if random.random() < 0.05 else None,
            promised_at=random.choice((job.promised_at, job.promised_at, None)),
        )
        for job in whole.jobs
    ]
    good = random.choice((3, 4, 5))
    said = [_answer(random, number, job, good) for number, job in enumerate(done) if random.random() < 0.5]
    asks = [
        Ask(job.contact_id, job.completed_at + timedelta(days=1), number % 3 > 0, None, job.completed_at + timedelta(9))
        for number, job in enumerate(done)
    ]
    asks = [ask if ask.answered else replace(ask, answered_at=None) for ask in asks]
    happened = random.random()
    return replace(
        whole,
        jobs=tuple(done),
        responses=tuple(sorted(said, key=lambda response: response.at)),
        asks=tuple(asks),
        people=(
            Person(1, "Ida", decides=True, left_at=ago(40) if happened < 0.1 else None),
            Person(2, "Ole", decides=random.random() < 0.3, since=ago(random.uniform(0, 500))),
        )[: random.choice((1, 2, 2))],
        settlements=(Settlement(ago(200), lost=False),) if happened > 0.8 else (),
        contacted=(ago(120),) if 0.6 < happened < 0.9 else (),
        promises=(Promise(1, ago(90), ago(80)),) if 0.5 < happened < 0.6 else (),
        step_texts={"told": "We tell you on time what it costs"},
    )


def _answer(random: Random, number: int, job: JobDone, good: int) -> Response:
    numbers = {"csat": min(5, max(1, round(random.gauss(good, 1))))} | random.choice(
        ({}, {"nps": random.randint(0, 10)}, {"would_return": random.randint(0, 2)}, {"contact_me": 1})
    )
    intents = {random.choice(("leaving", "complaint", "callback", "safety_legal", "review_threat")): random.random()}
    reading = replace(
        read("What was said.", random.uniform(-1, 1), random.choice(("", "timeliness")), **intents),
        answer_id=number,
        severity=random.choice((0.0, 0.3, 0.9)),
        abstained=random.choice(("", "", "", "unsure")),
    )
    return Response(
        id=number,
        job_id=job.id,
        contact_id=job.contact_id,
        at=job.completed_at + timedelta(days=random.uniform(1, 9)),
        numbers=numbers,
        steps=random.choice(({}, {}, {"told": -1})),
        reading=reading if random.random() < 0.4 else None,
    )


@settings(deadline=None, max_examples=15)  # machines may be busy
@given(histories())
def test_any_past_is_replayed_as_every_look_would_have_found_it(evidence: Evidence) -> None:
    """Whatever happened: looks that were passed over for being calm are those at which nothing was found."""
    moves, before = _in_full(evidence)
    past = replayed(evidence, BY, NOW)
    assert [(move.at, move.standing) for move in past.moves] == moves
    assert past.before == before


@settings(deadline=None, max_examples=15)
@given(histories(), st.booleans())
def test_what_is_called_calm_is(evidence: Evidence, live: bool) -> None:
    """No flag stands at a look that is called calm, neither anew nor one that stood; and most quiet looks are."""
    looks, timeline = Looks(evidence, BY.usual), Timeline(evidence)
    for day in range(900, 0, -40):
        known, own = timeline.at(ago(day)), looks.rhythm(ago(day))
        if looks.are_calm(known, own, live, ago(day)):
            found = assess(known, BY.usual, ago(day), Before("client", live_severity="moderate" if live else None))
            assert found.judgement.severity is None


def test_a_content_client_needs_no_signs() -> None:
    """Passing over is what makes replaying quick: it must happen."""
    evidence = loyal()
    looks, timeline = Looks(evidence, BY.usual), Timeline(evidence)
    assert all(looks.are_calm(timeline.at(ago(day)), looks.rhythm(ago(day)), False, ago(day)) for day in (300, 200, 20))
