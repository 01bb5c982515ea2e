"""The measures, against values worked out by hand."""

import pytest

from analysis.text import evaluation


def test_accuracy_and_macro_f1() -> None:
    """Shares and means over classes, and nothing from nothing."""
    truth, verdicts = ["a", "a", "b", "b"], ["a", "b", "b", "b"]
    assert evaluation.accuracy(truth, verdicts) == 0.75
    assert evaluation.macro_f1(truth, verdicts) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert evaluation.accuracy([], []) == evaluation.macro_f1([], []) == 0


def test_auc_counts_ties_half() -> None:
    """A tie is half a win; one kind alone has no area."""
    assert evaluation.auc([True, False, True, False], [0.9, 0.1, 0.5, 0.5]) == pytest.approx(3.5 / 4)
    assert evaluation.auc([True, True], [0.1, 0.2]) is None


def test_recall_at_precision_takes_the_best_threshold() -> None:
    """The largest recall whose precision still holds, with ties taken together."""
    positives = [True, True, False, True, False]
    assert evaluation.recall_at_precision(positives, [0.9, 0.8, 0.7, 0.6, 0.5], 0.9) == pytest.approx(2 / 3)
    assert evaluation.recall_at_precision(positives, [0.9, 0.8, 0.7, 0.6, 0.5], 0.75) == 1
    assert evaluation.recall_at_precision(positives, [0.9, 0.8, 0.8, 0.6, 0.5], 0.9) == pytest.approx(1 / 3)
    assert evaluation.recall_at_precision([False], [0.5], 0.9) == 0


def test_calibration_error() -> None:
    """Nine of ten right at 0.9 is calibrated; half right at 0.9 is off by 0.4."""
    assert evaluation.calibration_error([True] * 9 + [False], [0.9] * 10) == pytest.approx(0)
    assert evaluation.calibration_error([True, False], [0.9, 0.9]) == pytest.approx(0.4)
    assert evaluation.calibration_error([], []) == 0


def test_chance_error_falls_with_the_number_of_verdicts() -> None:
    """Of one verdict that is sure by half it is a half; of many, little; of certain ones, nothing."""
    assert evaluation.chance_error([0.5]) == pytest.approx(0.5)
    assert evaluation.chance_error([0.5] * 400) == pytest.approx(0.02, abs=0.005)  # √(2 ∕ π) · √(0.25 ∕ 400)
    assert evaluation.chance_error([1.0] * 20) == 0
