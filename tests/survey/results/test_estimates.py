"""Figures and their intervals: what the formulas give, what holds for every count, how often they hold the truth."""

import random
from collections import Counter
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.results import estimates

SCALE = (1, 5)
on_five = st.dictionaries(st.integers(1, 5), st.integers(0, 400), min_size=1).filter(
    lambda counts: any(counts.values())
)
on_ten = st.dictionaries(st.integers(0, 10), st.integers(0, 400), min_size=1).filter(
    lambda counts: any(counts.values())
)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (9, 2.2622), (20, 2.0860), (100, 1.9840)],
)
def test_students_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    """The quantile of Student's t is within 0.3 % of the printed one, from four degrees on within 0.03 %."""
    assert estimates.student_t(freedom) == pytest.approx(quantile, rel=3e-4 if freedom != 3 else 3e-3)


def test_students_quantile_ends_at_the_normal_one() -> None:
    """With ever more answers the t interval is the normal one, and with fewer it is never narrower."""
    assert estimates.student_t(1e9) == pytest.approx(NormalDist().inv_cdf(0.975))
    quantiles = [estimates.student_t(freedom) for freedom in range(1, 200)]
    assert quantiles == sorted(quantiles, reverse=True)


def test_the_net_promoter_score_worked_out_by_hand() -> None:
    """50 promoters, 30 passives and 20 detractors: 30, and after adding three answers 29.1 ± 15.0."""
    found = estimates.nps({9: 20, 10: 30, 8: 30, 3: 20})
    assert found is not None
    assert found.value == pytest.approx(0.30)
    up, down = 50.75 / 103, 20.75 / 103
    half = 1.959964 * ((up + down - (up - down) ** 2) / 103) ** 0.5
    assert (found.low, found.high) == pytest.approx((up - down - half, up - down + half), abs=1e-6)


def test_a_mean_worked_out_by_hand() -> None:
    """4.3 from ten answers, with a variance of those and of one more spread evenly over the scale."""
    found = estimates.mean({5: 6, 4: 2, 3: 1, 2: 1}, SCALE)
    assert found is not None
    assert found.value == pytest.approx(4.3)
    squares = 6 * 0.7**2 + 2 * 0.3**2 + 1.3**2 + 2.3**2
    extra = sum((4.3 - point) ** 2 for point in range(1, 6)) / 5
    half = 2.2622 * ((squares + extra) / 9 / 10) ** 0.5
    assert (found.low, found.high) == pytest.approx((4.3 - half, 5.0 if 4.3 + half > 5 else 4.3 + half), abs=1e-3)


def test_five_equal_answers_are_not_sure() -> None:
    """That five people said 5 does not make the mean 5.0 between 5.0 and 5.0."""
    five, many = estimates.mean({5: 5}, SCALE), estimates.mean({5: 500}, SCALE)
    assert five is not None
    assert many is not None
    assert five.low < 4
    assert many.low == pytest.approx(5, abs=0.02)


@given(on_five)
def test_means_lie_in_their_interval_and_on_the_scale(counts: dict[int, int]) -> None:
    """1 ≤ low ≤ mean ≤ high ≤ 5."""
    found = estimates.mean(counts, SCALE)
    assert found is not None
    assert 1 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 5


@given(on_ten)
def test_scores_lie_in_their_interval(counts: dict[int, int]) -> None:
    """−1 ≤ low ≤ NPS ≤ high ≤ 1."""
    found = estimates.nps(counts)
    assert found is not None
    assert -1 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


@given(on_ten)
def test_promoters_and_detractors_mirror_each_other(counts: dict[int, int]) -> None:
    """Praise turned into blame gives the same score below zero, with the same interval."""
    camps = Counter({10: 0, 8: 0, 0: 0})
    for number, n in counts.items():
        camps[10 if number >= 9 else 0 if number <= 6 else 8] += n
    found, turned = estimates.nps(camps), estimates.nps({10: camps[0], 8: camps[8], 0: camps[10]})
    assert found is not None
    assert turned is not None
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))


@given(on_five, st.integers(1, 4), st.integers(1, 50))
def test_a_better_answer_raises_the_mean(counts: dict[int, int], number: int, n: int) -> None:
    """Who answers one more than before never lowers the mean, nor the share of good answers."""
    worse, better = Counter(counts), Counter(counts)
    worse[number] += n
    better[number + 1] += n
    low, high = estimates.mean(worse, SCALE), estimates.mean(better, SCALE)
    good_low, good_high = estimates.share_of(worse, 4), estimates.share_of(better, 4)
    assert low is not None
    assert high is not None
    assert good_low is not None
    assert good_high is not None
    assert low.value < high.value
    assert good_low.value <= good_high.value


@given(on_five, st.integers(2, 30))
def test_more_of_the_same_is_surer(counts: dict[int, int], times: int) -> None:
    """The same answers many times over give the same mean with a narrower interval."""
    few, many = estimates.mean(counts, SCALE), estimates.mean({k: n * times for k, n in counts.items()}, SCALE)
    assert few is not None
    assert many is not None
    assert many.value == pytest.approx(few.value)
    assert many.high - many.low <= few.high - few.low + 1e-9


@given(on_five, on_five)
def test_changes_turn_round_with_time(now: dict[int, int], before: dict[int, int]) -> None:
    """What grew from before to now shrank the other way round, and the interval holds the change."""
    grew, shrank = estimates.mean_change(now, before, SCALE), estimates.mean_change(before, now, SCALE)
    if grew is None or shrank is None:
        assert min(estimates.total(now), estimates.total(before)) < 2
        return
    assert grew.value == pytest.approx(-shrank.value)
    assert (grew.low, grew.high) == pytest.approx((-shrank.high, -shrank.low))
    assert grew.low <= grew.value <= grew.high


def test_nothing_counted_is_no_figure() -> None:
    """Without answers there is neither a figure nor a change."""
    assert estimates.mean({}, SCALE) is None
    assert estimates.nps({}) is None
    assert estimates.share(0, 0) is None
    assert estimates.nps_change({9: 3}, {}) is None
    assert estimates.share_change((0, 0), (1, 2)) is None
    assert estimates.mean_change({5: 9}, {5: 1}, SCALE) is None


def _covered(weights: list[float], numbers: range, n: int, estimate: str, draws: int = 600) -> float:
    """How often the interval from `n` drawn answers holds the true figure."""
    drawing, whole = random.Random(n), sum(weights)
    chances = dict(zip(numbers, (weight / whole for weight in weights), strict=True))
    if estimate == "nps":
        truth = sum(p for k, p in chances.items() if k >= 9) - sum(p for k, p in chances.items() if k <= 6)
    else:
        truth = sum(k * p for k, p in chances.items())
    held = 0
    for _ in range(draws):
        counts = Counter(drawing.choices(list(numbers), weights, k=n))
        found = estimates.nps(counts) if estimate == "nps" else estimates.mean(counts, (numbers[0], numbers[-1]))
        assert found is not None
        held += found.low <= truth <= found.high
    return held / draws


@pytest.mark.parametrize("n", [5, 10, 30, 120])
@pytest.mark.parametrize(
    "weights",
    [
        pytest.param([1, 1, 1, 1, 1, 1, 1, 5, 9, 12, 14], id="good"),
        pytest.param([6, 3, 3, 3, 3, 4, 4, 3, 3, 2, 2], id="bad"),
        pytest.param([1, 0, 0, 0, 0, 0, 0, 0, 1, 8, 30], id="excellent"),
    ],
)
def test_scores_hold_the_truth_as_often_as_they_say(weights: list[float], n: int) -> None:
    """Drawn over and over, the interval of the NPS holds the true score in 95 % of the draws, at the least in 91 %."""
    assert _covered(weights, range(11), n, "nps") >= 0.91


@pytest.mark.parametrize("n", [5, 10, 30, 120])
@pytest.mark.parametrize(
    "weights",
    [
        pytest.param([1, 1, 2, 4, 8], id="good"),
        pytest.param([3, 2, 2, 2, 3], id="split"),
        pytest.param([1, 0, 1, 4, 30], id="excellent"),
    ],
)
def test_means_hold_the_truth_as_often_as_they_say(weights: list[float], n: int) -> None:
    """Drawn over and over, the interval of the mean holds the true one in 95 % of the draws, at the least in 88 %."""
    assert _covered(weights, range(1, 6), n, "mean") >= 0.88


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_answers_changes_nothing(answers: list[int], shuffled: random.Random) -> None:
    """The same answers counted in another order give the same figures, to the last bit."""
    other = list(answers)
    shuffled.shuffle(other)
    first, second = Counter(sorted(answers)), Counter(sorted(other))
    assert estimates.mean(first, SCALE) == estimates.mean(second, SCALE)
    ordered, turned = Counter(answers), Counter(other)
    assert estimates.share_of(ordered, 4) == estimates.share_of(turned, 4)
    assert estimates.mean(ordered, SCALE) == estimates.mean(turned, SCALE)
