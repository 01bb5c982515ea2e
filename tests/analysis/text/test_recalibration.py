"""Fitting sentiment's probabilities to one firm: on a fair sample, cautiously, and measured on what was not seen."""

import numpy as np
import pytest

from analysis.text.evaluation import calibration_error
from analysis.text.recalibration import (
    LEAST_CHECKED,
    VERDICTS,
    Checked,
    Recalibration,
    base_of,
    fit,
    missing,
    number_of,
)

OTHER = Recalibration(1, "cascade-2", 1.5, (0.8, -0.4, -0.4))


def _rows(count: int, real: Recalibration, seed: int = 1) -> list[Checked]:
    """Comments whose labels are as likely as `real` has it."""
    random = np.random.default_rng(seed)
    shipped = random.dirichlet((0.6, 0.4, 1.0), count).round(4)
    return [
        Checked(tuple(chances.tolist()), VERDICTS[random.choice(3, p=likely / likely.sum())])
        for chances, likely in zip(shipped, real.applied(shipped), strict=True)
    ]


def test_a_firm_that_differs_is_found_again() -> None:
    """With many answers, the temperature and biases that made the labels; the held-out loss and error fall."""
    found = fit(_rows(600, OTHER))
    assert found.temperature == pytest.approx(1.5, abs=0.2)
    assert found.biases == pytest.approx((0.8, -0.4, -0.4), abs=0.25)
    assert sum(found.biases) == pytest.approx(0, abs=1e-3)
    assert found.better
    assert found.error_after < found.error_before / 2


def test_few_answers_move_little() -> None:
    """The prior holds forty answers nearer to what is shipped than it holds six hundred."""
    few, many = fit(_rows(40, OTHER)), fit(_rows(600, OTHER))
    assert 0 < few.biases[0] < 0.7 * many.biases[0]


@pytest.mark.parametrize("seed", range(4))
def test_where_nothing_is_wrong_nothing_reads_better(seed: int) -> None:
    """Labels as likely as was said: on answers that it has not seen, no fit beats what is shipped beyond chance."""
    found = fit(_rows(150, Recalibration(0, "", 1.0, (0.0, 0.0, 0.0)), seed))
    assert found.gain < 2 * found.doubt
    assert max(map(abs, found.biases)) < 0.6


def test_a_comment_counts_as_many_as_it_stands_for() -> None:
    """Weights undo what a stratified sample changed: rare kinds are drawn more often, and count less."""
    shipped = (0.4, 0.2, 0.4)
    rows = [Checked(shipped, "negative", 0.1)] * 50 + [Checked(shipped, "positive", 0.9)] * 50
    weighted = fit(rows)
    assert weighted.biases[2] > 0.2 > 0 > weighted.biases[0]
    assert fit([Checked(row.chances, row.label) for row in rows]).biases[0] == pytest.approx(
        fit([Checked(row.chances, row.label) for row in rows]).biases[2], abs=1e-3
    )
    assert weighted.worth == pytest.approx(50**2 / (50 * (0.01 + 0.81)))


def test_mixed_is_half_one_and_half_the_other() -> None:
    """It pulls both sides alike, away from neither."""
    rows = [Checked((0.2, 0.6, 0.2), "mixed")] * 40
    found = fit(rows)
    assert found.biases[0] == pytest.approx(found.biases[2], abs=1e-3)
    assert found.biases[1] < 0
    assert found.error_after == 0, "no probability claims it"


def test_a_calibration_can_be_taken_out_again() -> None:
    """From four decimals, as readings are stored, to what was shipped."""
    shipped = np.array([[0.7, 0.2, 0.1], [0.02, 0.08, 0.9], [0.3333, 0.3334, 0.3333]])
    again = OTHER.undone(OTHER.applied(shipped).round(4))
    assert np.abs(again - shipped).max() < 1e-3
    assert np.isfinite(OTHER.applied(np.array([[1.0, 0.0, 0.0]]))).all()


def test_what_is_missing_is_said() -> None:
    """Forty in all, five negative and five positive."""
    assert missing(["positive"] * 12) == "At least 40 checked comments are needed; there are 12 so far."
    assert "call negative are needed; there are 2" in missing(["positive"] * LEAST_CHECKED + ["negative"] * 2)
    assert missing(["positive"] * 20 + ["mixed"] * 15 + ["negative"] * 5) == ""


def test_a_versions_name_says_what_it_was_taught() -> None:
    """Its base, and which calibration; subjects of the firm's own come between."""
    assert (base_of("cascade-2+0a1b2c3d+cal7"), number_of("cascade-2+0a1b2c3d+cal7")) == ("cascade-2", 7)
    assert (base_of("cascade-2"), number_of("cascade-2+0a1b2c3d")) == ("cascade-2", None)
    assert OTHER.suffix == "+cal1"


def test_the_calibration_error_may_be_weighted() -> None:
    """A verdict that counts twice is as two."""
    assert calibration_error([True, False], [0.9, 0.9], weights=[2.0, 1.0]) == pytest.approx(
        calibration_error([True, True, False], [0.9, 0.9, 0.9])
    )
