"""Intervals of shares: what the formula gives, and what must hold for every count."""

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.intervals import adjusted_wald

counts = st.integers(0, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("successes", "n", "expected"),
    [(0, 10, (0.0, 0.3209)), (5, 10, (0.2366, 0.7634)), (10, 10, (0.6791, 1.0)), (81, 263, (0.2553, 0.3662))],
)
def test_the_values_of_the_formula(successes: int, n: int, expected: tuple[float, float]) -> None:
    """Worked out by hand from p̃ = (x + z²/2) / (n + z²)."""
    assert adjusted_wald(successes, n) == pytest.approx(expected, abs=1e-4)


@given(counts)
def test_the_share_lies_in_it(count: tuple[int, int]) -> None:
    """low ≤ share ≤ high, both inside 0…1; nothing counted gives no interval."""
    successes, n = count
    found = adjusted_wald(successes, n)
    if n == 0:
        assert found is None
        return
    assert found is not None
    low, high = found
    assert 0 <= low <= successes / n <= high <= 1


@given(counts)
def test_successes_and_failures_mirror_each_other(count: tuple[int, int]) -> None:
    """What is kept and what is missed say the same."""
    successes, n = count
    kept, missed = adjusted_wald(successes, n), adjusted_wald(n - successes, n)
    if kept is None or missed is None:
        assert kept is missed is None
        return
    assert kept == pytest.approx((1 - missed[1], 1 - missed[0]))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(2, 20))
def test_more_of_the_same_is_never_less_sure(count: tuple[int, int], times: int) -> None:
    """The same share counted many times has the narrower interval, and a higher level the wider one."""
    successes, n = count
    few, many = adjusted_wald(successes, n), adjusted_wald(successes * times, n * times)
    surer = adjusted_wald(successes, n, 0.99)
    assert few is not None
    assert many is not None
    assert surer is not None
    assert many[1] - many[0] <= few[1] - few[0] + 1e-12
    assert surer[1] - surer[0] >= few[1] - few[0] - 1e-12


@settings(max_examples=60)
@given(st.integers(5, 60), st.floats(0.1, 0.9))
def test_it_covers_the_truth_about_as_often_as_it_says(n: int, truth: float) -> None:
    """Over every possible count it holds the true share in 95 % on average, at the smallest counts never below 89 %."""
    covered = 0.0
    for successes in range(n + 1):
        found = adjusted_wald(successes, n)
        if found is not None and found[0] <= truth <= found[1]:
            covered += comb(n, successes) * truth**successes * (1 - truth) ** (n - successes)
    assert covered >= 0.89


@pytest.mark.parametrize(("successes", "n", "level"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0)])
def test_what_is_no_share_is_refused(successes: int, n: int, level: float) -> None:
    """More successes than trials is a mistake of the caller."""
    with pytest.raises(ValueError, match="is no share"):
        adjusted_wald(successes, n, level)
