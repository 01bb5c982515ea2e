"""What holds for every sign, whatever else is known: worse is never better, old evidence fades, order is nothing."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.relationships import loss, rhythm, risk, signals
from analysis.relationships.evidence import Ask, Evidence, Person, Promise, Response, Told
from analysis.relationships.ladder import has_lapsed
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, client, rated, read
from tests.conftest import NOW

FIRM = FirmUsual(value_high=500.0)
LEVELS = 4
ANSWERS = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 5)), max_size=6, unique_by=lambda item: item[0])
STEPS = {"kept_informed": "We kept you informed", "done_as_agreed": "The work was done as agreed"}
unhurried = settings(deadline=None, max_examples=15)  # machines may be busy


def _said(**intents: tuple[float, ...]) -> Callable[[Evidence, float, int], Evidence]:
    """An answer in which the intent is heard more and more surely."""

    def build(base: Evidence, day: float, level: int) -> Evidence:
        sure = {name: values[level] for name, values in intents.items()}
        return _told(base, rated(day, 2, read("It went as it went.", -0.3, "", **sure)))

    return build


def _told(base: Evidence, *more: Response) -> Evidence:
    responses = sorted([*base.responses, *more], key=lambda response: response.at)
    return replace(base, responses=tuple(responses))


def _lower(base: Evidence, day: float, level: int) -> Evidence:
    """The latest answer is lower and lower. An earlier one that is lower also lowers what is usual, so that the fall to
    the answers after it is smaller: that may weigh less, rightly.
    """
    newest = min((day, *((NOW - response.at).days - 0.5 for response in base.responses)))
    return _told(base, rated(newest, 5 - level))


def _missed(base: Evidence, day: float, level: int) -> Evidence:
    steps = {f"step{n}": -1 if n < level else 1 for n in range(LEVELS)}
    return _told(base, replace(rated(day, 3), steps=steps))


def _against_the_promise(base: Evidence, day: float, level: int) -> Evidence:
    """The same comment, in which one more aspect is found that the promise speaks of."""
    aspects = [
        ("communication", "negative", 0, 5),
        ("quality_of_work", "negative", 0, 5),
        ("timeliness", "negative", 0, 5),
    ]
    comment = replace(read("Nothing came of it.", score=-0.6), aspects=tuple(aspects[:level]))
    return replace(_told(base, rated(day, 3, comment)), step_texts=STEPS)


def _jobs(base: Evidence, day: float, level: int, *, late: bool) -> Evidence:
    """Four jobs from `day` on backwards, of which `level` were late or had to be opened again."""
    done = [
        replace(job, id=50 + n, completed_at=ago(day + 3 * n), promised_at=ago(day + 3 * n - 1))
        for n, job in enumerate(client().jobs[:4])
    ]
    for n in range(level):
        done[n] = replace(done[n], promised_at=ago(day + 3 * n + 1)) if late else replace(done[n], reopened_at=ago(day))
    return replace(base, jobs=tuple(sorted([*base.jobs, *done], key=lambda job: job.completed_at)))


def _silent(base: Evidence, day: float, level: int) -> Evidence:
    asks = tuple(
        Ask(1, ago(day + 11 + 8 * (8 + level - n)), n < 8, fate="" if n < 8 else "opened") for n in range(8 + level)
    )
    return replace(base, asks=asks)


def _away(base: Evidence, _day: float, level: int) -> Evidence:
    """A client who came every twelve days, away for longer and longer, while it is news."""
    return replace(base, jobs=client(job_days=tuple(2 + 19 * level + 12 * n for n in range(10))).jobs)


def _people(base: Evidence, *people: Person) -> Evidence:
    jobs = tuple(replace(job, contact_id=2) if n % 2 else job for n, job in enumerate(base.jobs))
    return replace(base, people=people, jobs=jobs)


def _lost(base: Evidence, day: float, level: int) -> Evidence:
    main = Person(1, "Ida", decides=True)
    kinds = (
        main,
        replace(main, mail_block="bounced", blocked_at=ago(day)),
        replace(main, mail_block="complained", blocked_at=ago(day)),
        replace(main, left_at=ago(day)),
    )
    return replace(base, people=(kinds[level], Person(2, "Ole")))


def _gone(base: Evidence, day: float, level: int) -> Evidence:
    """More and more of the others have left; the second one had ordered half of the jobs."""
    others = [Person(2 + n, f"P{n}", left_at=ago(day) if n < level else None) for n in range(LEVELS - 1)]
    return _people(base, Person(1, "Ida", decides=True), *others)


def _new_decider(base: Evidence, day: float, level: int) -> Evidence:
    new = Person(2, "Ole", decides=level > 0, since=ago(300), decides_since=ago(day) if level else None)
    return replace(base, people=(Person(1, "Ida", decides=True, since=ago(400)), new))


WORSE: dict[str, Callable[[Evidence, float, int], Evidence]] = {
    "leaving": _said(leaving=(0.0, 0.65, 0.8, 0.95)),
    "complaint": _said(complaint=(0.0, 0.55, 0.7, 0.95)),
    "review_threat": _said(review_threat=(0.0, 0.65, 0.8, 0.95)),
    "safety_legal": _said(safety_legal=(0.0, 0.65, 0.8, 0.95)),
    "wants_contact": _said(callback=(0.0, 0.55, 0.7, 0.95)),
    "low_scores": _lower,
    "low_level": lambda base, day, level: _told(base, *(rated(day + 9 * n, 2 if n < level else 3) for n in range(5))),
    "negative_words": lambda base, day, level: _told(base, rated(day, 3, read("So it was.", score=0.2 - 0.4 * level))),
    "missed_steps": _missed,
    "expectation_gap": _against_the_promise,
    "late_jobs": lambda base, day, level: _jobs(base, day, level, late=True),
    "reopened_jobs": lambda base, day, level: _jobs(base, day, level, late=False),
    "broken_call": lambda base, day, level: replace(
        base, promises=tuple(Promise(n, ago(day + 9), ago(day)) for n in range(level))
    ),
    "broken_word": lambda base, day, level: replace(
        base, told=(Told(1, ago(day + 9), done=False, due_at=ago(day)),) if level else ()
    ),
    "not_fixed": lambda base, day, level: replace(
        base, told=tuple(Told(n, ago(day + 1), done=True, fixed=False, fixed_at=ago(day)) for n in range(level))
    ),
    "silence": _silent,
    "overdue": _away,
    "lost_contact": _lost,
    "champion_left": _gone,
    "new_decider": _new_decider,
    "only_contact": _gone,
}
LASTING = {"silence", "overdue", "only_contact"}  # they go when something happens, not with time


def look(evidence: Evidence) -> tuple[float, float, dict[str, float]]:
    """(the chance of loss, the alarm, the points of each signal)."""
    own = rhythm.rhythm(evidence, NOW)
    found = signals.find(evidence, FIRM, own, NOW, lapsed=has_lapsed(evidence, own, NOW))
    alarm = risk.probability(risk.total_points(found))
    return loss.assess_loss(evidence, FIRM, found, NOW).risk, alarm, {signal.name: signal.points for signal in found}


def told(answers: list[tuple[int, int]]) -> Evidence:
    return client(responses=tuple(rated(day, csat) for day, csat in answers))


def test_every_sign_has_its_property() -> None:
    """A sign that is added later has to be added here too; a contradiction has no points."""
    assert set(WORSE) == set(signals.LABELS) - {"contradiction"}


@pytest.mark.parametrize("name", sorted(WORSE))
@unhurried
@given(ANSWERS, st.integers(2, 120))
def test_more_bad_evidence_never_lowers_risk(name: str, answers: list[tuple[int, int]], day: int) -> None:
    """Step by step worse, beside whatever else was said: neither the chance of loss nor the alarm ever falls."""
    seen = [look(WORSE[name](told(answers), day + 0.5, level)) for level in range(LEVELS)]
    for better, worse in pairwise(seen):
        assert worse[0] >= better[0] - 1e-9
        assert worse[1] >= better[1] - 1e-9


@pytest.mark.parametrize("name", sorted(set(WORSE) - LASTING))
def test_old_evidence_fades(name: str) -> None:
    """What happened three months ago weighs less than the same thing yesterday."""
    base = told([(390, 5), (330, 5), (270, 5), (210, 5)])
    new, old = (look(WORSE[name](base, day, LEVELS - 1))[2].get(name, 0.0) for day in (2, 95))
    assert new > old >= 0


@pytest.mark.parametrize("name", sorted(LASTING))
def test_what_lasts_says_so(name: str) -> None:
    """Some signs end when something happens, not by themselves."""
    evidence = WORSE[name](told([(390, 5), (330, 5)]), 20, LEVELS - 1)
    found = signals.find(evidence, FIRM, rhythm.rhythm(evidence, NOW), NOW)
    assert [signal.fades for signal in found if signal.name == name] == [False]


@pytest.mark.parametrize("name", sorted(WORSE))
@unhurried
@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_import_is_nothing(name: str, answers: list[tuple[int, int]], random: Random) -> None:
    """Ids and the order of contacts say how rows came in; what is looked at is when things happened."""
    evidence = WORSE[name](told(answers), 20.5, 2)
    ids = random.sample(range(1000, 2000), len(evidence.responses))
    people = random.sample(evidence.people, len(evidence.people))
    responses = tuple(replace(r, id=n) for r, n in zip(evidence.responses, ids, strict=True))
    assert look(replace(evidence, responses=responses, people=tuple(people))) == look(evidence)
