"""The backtest: it sees nothing of the future, measures what it says, and reads the contract's files."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.backtest import history, metrics, replay, run
from analysis.backtest.metrics import Ranking, Table
from analysis.backtest.replay import label
from analysis.relationships import loss
from analysis.relationships.loss_fit import LossRow, fit_loss
from analysis.text.analyser import Comment, Reading
from survey.errors import InvalidInputError

START = datetime(2025, 1, 1, tzinfo=UTC)
JOBS = "source,external_id,client,client_ref,contact_email,completed_at,promised_at,staff\n"
RESPONSES = "source,external_id,contact_email,submitted_at,csat,nps,ces,comment,language\n"


class Flat:
    """An analyser that hears nothing in any word: the backtest's own arithmetic is what is tested."""

    model = "flat"

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        even = {"negative": 0.1, "neutral": 0.8, "positive": 0.1}
        return [Reading(c.text, "en", "neutral", 0.0, even, (), {}, (), self.model) for c in comments]


def files(days: int = 500, until: int | None = None) -> tuple[bytes, bytes, bytes]:
    """Twelve clients, a job every eleven days; every third turns sour and is lost. The data end after `until` days."""
    jobs, answers, lost = [], [], []
    for client in range(12):
        sour = client % 3 == 0
        last = 200 + 20 * client if sour else days
        for number, day in enumerate(range(client, last, 11)):
            at, key = START + timedelta(days=day), f"{client}-{number}"
            if until is None or day <= until:
                jobs.append(f"psa,{key},Client {client},C{client},c{client}@x.example,{at.isoformat()},,Ana:1")
            said = at + timedelta(days=2)
            csat = 2 if sour and last - day < 100 else 5
            if number % 2 == 0 and (until is None or day + 2 <= until):
                answers.append(f"psa,{key},c{client}@x.example,{said.isoformat()},{csat},,,fine,en")
        if sour:
            done = START + timedelta(days=client + 11 * ((last - 1 - client) // 11))
            lost.append(f"C{client},{done.isoformat()}")
    parts = (JOBS + "\n".join(jobs), RESPONSES + "\n".join(answers), "client_ref,last_job_at\n" + "\n".join(lost))
    return parts[0].encode(), parts[1].encode(), parts[2].encode()


def flags(jobs: bytes, responses: bytes, lost: bytes) -> list[dict[str, str]]:
    found = run.run(run.parse(jobs, responses, lost, UTC), Flat())
    return list(csv.DictReader(io.StringIO(run.flags_csv(found.snapshots))))


def test_nothing_of_the_future_is_seen() -> None:
    """Cut the data anywhere: every week before the cut says the same, to the last digit."""
    whole = {(row["week"], row["client_ref"]): row for row in flags(*files())}
    cut = flags(*files(until=301))
    assert len(cut) > 200
    assert all(whole[row["week"], row["client_ref"]] == row for row in cut)


def test_who_was_lost_is_no_input() -> None:
    """The list of the lost changes what is measured and nothing that is said."""
    jobs, responses, lost = files()
    assert flags(jobs, responses, lost) == flags(jobs, responses, b"client_ref,last_job_at\n")


def test_the_order_of_the_rows_is_nothing() -> None:
    """Files sorted backwards give the same flags."""
    jobs, responses, lost = files()

    def backwards(data: bytes) -> bytes:
        head, *rows = data.decode().splitlines()
        return "\n".join([head, *reversed(rows)]).encode()

    assert flags(backwards(jobs), backwards(responses), lost) == flags(jobs, responses, lost)


def test_the_sour_are_found() -> None:
    """On a firm where bad ratings come before every loss, the ranking is nearly right, and the report says so."""
    found = run.run(run.parse(*files(), UTC), Flat()).document
    ours = found["primary"]["models"]["model"]
    assert ours["auc"]["value"] > 0.9
    assert ours["auc"]["low"] <= ours["auc"]["value"] <= ours["auc"]["high"]
    assert ours["recall"] == {"warned": 4, "lost": 4, "share": 1.0}
    assert 0 < ours["median_lead_days"] <= 200
    assert set(found["primary"]["models"]) == {"model", *replay.NAIVE}
    assert found["with_silence"]["lost_snapshots"] > found["primary"]["lost_snapshots"]
    json.dumps(found, allow_nan=False)


def test_the_label_of_a_week() -> None:
    """Lost within 90 days; silent for 90 after; unknown near the end of the data."""
    end, last = START + timedelta(days=400), START + timedelta(days=200)

    def at(day: int) -> tuple[bool, bool, bool]:
        found = label(START + timedelta(days=day), last, end)
        return found.at_risk, found.lost, found.silent

    assert at(100) == (True, False, False)
    assert at(150) == (True, True, False)
    assert at(210) == (False, True, True)
    assert at(300) == (False, False, False)
    assert label(START + timedelta(days=350), None, end).at_risk is False
    assert label(START + timedelta(days=300), None, end).at_risk is True


def test_nobody_lost_is_no_error() -> None:
    """What cannot be measured is said to be so."""
    jobs, responses, _ = files(days=200)
    found = run.run(run.parse(jobs, responses, b"client_ref,last_job_at\n", UTC), Flat()).document
    assert found["primary"]["models"] == {}
    assert "Nobody was lost" in found["primary"]["why_none"]


def test_bad_rows_are_named_and_an_empty_past_is_refused() -> None:
    """By file, line and column; the good rows are kept."""
    jobs, responses, _ = files(days=60)
    parsed = run.parse(jobs, responses, b"client_ref,last_job_at\nC1,never\n", UTC)
    assert [(name, error.line, error.column) for name, error in parsed.errors] == [("lost", 2, "last_job_at")]
    with pytest.raises(InvalidInputError, match="nothing to replay"):
        run.parse(JOBS.encode(), responses, b"client_ref,last_job_at\n", UTC)


def simple(score: Sequence[float], lost: Sequence[bool], week: Sequence[int]) -> tuple[Ranking, Table]:
    count = len(score)
    table = Table(
        np.arange(count), np.array(week, dtype=np.int64), np.array(lost, dtype=bool), np.zeros(count, dtype=bool), {}
    )
    return Ranking(np.array(score, dtype=np.float64), table), table


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_auc_is_that_of_the_pairs(items: list[tuple[int, bool]]) -> None:
    """As counted one pair at a time, ties half."""
    pairs = [(a, b) for a, lost in items if lost for b, other in items if not other]
    ranking, table = simple([float(s) for s, _ in items], [lost for _, lost in items], [0] * len(items))
    found = ranking.auc(np.ones(len(table)))
    if not pairs:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs))


def test_equals_share_the_last_places_of_the_top() -> None:
    """Two at the top, three equals for the third place: each counts a third."""
    ranking, table = simple([9, 8, 5, 5, 5, 1], [True, False, True, False, False, True], [0] * 6)
    assert ranking.top_precision(np.ones(len(table)), top=3) == pytest.approx((1 + 1 / 3) / 3)
    two_weeks, table = simple([9, 1, 1, 9], [True, False, True, False], [0, 0, 1, 1])
    assert two_weeks.top_precision(np.ones(len(table)), top=1) == pytest.approx(0.5)


def test_calibration_knows_its_slope() -> None:
    """Risks whose log-odds were doubled have a slope of a half."""
    random = np.random.default_rng(1)
    odds = random.normal(-1.0, 1.0, 40_000)
    lost = random.random(40_000) < 1 / (1 + np.exp(-odds))
    found = metrics.calibration(1 / (1 + np.exp(-2 * odds)), lost, np.ones(40_000))
    assert found.slope == pytest.approx(0.5, abs=0.03)


def test_weights_are_fitted_and_never_below_zero() -> None:
    """A feature that goes the wrong way gets nothing; the right one is found, with an interval."""
    random = np.random.default_rng(2)
    rows = []
    for client in range(400):
        for _ in range(5):
            unhappy, silent, late = random.normal(size=3)
            odds = -2.0 + 1.5 * unhappy - 1.0 * silent
            rows.append(
                LossRow((unhappy, silent, late), 0.0, bool(random.random() < 1 / (1 + np.exp(-odds))), str(client))
            )
    found = fit_loss(rows, replace(loss.shipped(), fitted=dict.fromkeys(loss.FITTED, 0.5)))
    assert found.fitted["satisfaction"] == pytest.approx(1.4, abs=0.3)
    assert found.fitted["silence"] == 0.0
    assert all(found.covariance[n][n] > 0 for n in range(2))
    assert fit_loss(rows, loss.shipped(), held=("late_jobs",)).fitted["late_jobs"] == 0.0


def test_weeks_are_mondays() -> None:
    """The first after the first job; none when the data are younger than that."""
    weeks = history.mondays(START, START + timedelta(days=20))
    assert [week.day for week in weeks] == [6, 13, 20]
    assert history.mondays(START, START + timedelta(days=1)) == []


def test_the_command(app: Flask, tmp_path: Path) -> None:
    """One JSON document on stdout, the weekly flags in a file, 0 as exit code."""
    paths = []
    for name, data in zip(("jobs", "responses", "lost"), files(days=330), strict=True):
        path = tmp_path / f"{name}.csv"
        path.write_bytes(data.replace(b",fine,", b",,"))
        paths.append(str(path))
    out = tmp_path / "flags.csv"
    result = app.test_cli_runner().invoke(args=["backtest", *paths, "--json", "--flags-out", str(out)])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["clients"] == 12
    header, first, *_ = out.read_text(encoding="utf-8").splitlines()
    assert header == "week,client_ref,risk,flagged"
    assert first.split(",")[0] == "2025-01-06"
