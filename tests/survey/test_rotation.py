"""Whose turn it is when a client's budget does not reach for everybody."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from survey.asking.rotation import Budget, Turn, fair_turn

BOSS = Turn(1, True, "Ana Xu")
CLERK = Turn(2, False, "Ben Orr")
OTHER = Turn(3, False, "Cem Ay")


def test_the_last_place_is_the_decision_makers() -> None:
    """Three small jobs of the clerk leave one place, and that is kept until the one who decides was asked."""
    told = "The last place is kept for Ana Xu, who decides and was not asked."
    assert fair_turn(CLERK, Budget(4, (2, 2, 3)), (), (BOSS,)) == (False, told)
    assert fair_turn(BOSS, Budget(4, (2, 2, 3)), (), (BOSS,))[0]
    assert fair_turn(CLERK, Budget(4, (1, 2, 3)), (), (BOSS,))[0]
    assert fair_turn(CLERK, Budget(4, (2, 3)), (), (BOSS,))[0]


def test_one_place_alone_is_kept_for_nobody() -> None:
    """A budget of one would otherwise never ask anybody but the decision-maker."""
    assert fair_turn(CLERK, Budget(1), (), (BOSS,))[0]


def test_who_was_asked_less_often_goes_first() -> None:
    """With one place left and somebody waiting for a first turn, a second turn has to wait."""
    assert fair_turn(CLERK, Budget(3, (2, 1)), (OTHER,), (BOSS,)) == (
        False,
        "The places left go first to those who were asked less often: Cem Ay.",
    )
    assert fair_turn(OTHER, Budget(3, (2, 1)), (CLERK,), (BOSS,))[0]
    assert fair_turn(CLERK, Budget(4, (2, 1)), (OTHER,), (BOSS,))[0]


@given(
    jobs=st.lists(st.integers(1, 5), min_size=1, max_size=40),
    places=st.integers(2, 6),
    deciders=st.sets(st.integers(1, 5), max_size=2),
)
@settings(max_examples=200)
def test_nobody_is_crowded_out(jobs: list[int], places: int, deciders: set[int]) -> None:
    """Whoever's jobs are closed in whatever order: a decision-maker who has one is asked, and the budget is kept."""
    people = {number: Turn(number, number in deciders, f"P{number}") for number in range(1, 6)}
    used: list[int] = []
    for place, number in enumerate(jobs):
        waiting = tuple(people[other] for other in sorted(set(jobs[place + 1 :]) - {number}))
        budget = Budget(places, tuple(used))
        told, why = fair_turn(people[number], budget, waiting, tuple(people[d] for d in sorted(deciders)))
        assert why.endswith(".")
        if told and budget.free:
            used.append(number)
    assert len(used) <= places
    asked = Counter(used)
    if deciders & set(jobs):
        assert any(asked[number] for number in deciders)
    if len(set(jobs)) <= places - (1 if deciders and not deciders & set(jobs) else 0):
        assert set(jobs) == set(used)


def test_everybody_has_a_turn_where_there_is_room() -> None:
    """Nothing is kept back from one who asks first while the budget reaches for all."""
    assert fair_turn(CLERK, Budget(4), (OTHER,), (BOSS,)) == (True, "There are places left for everybody who waits.")
