"""`flask text analyse`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from analysis.reading.text_cli import LINES_AT_ONCE
from survey.config import ROOT, Settings


def test_one_object_a_line(app: Flask) -> None:
    """Plain text and JSON objects are read from stdin, one JSON object a line comes out."""
    lines = ["Great service", '{"text": "Nothing", "question": "What could we do better?", "rating": 5}']
    result = app.test_cli_runner().invoke(args=["text", "analyse", "-"], input="\n".join(lines) + "\n")
    assert result.exit_code == 0
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["text"], one["sentiment"]) for one in documents] == [
        ("Great service", "positive"),
        ("Nothing", "positive"),
    ]


def test_bad_lines_are_named_and_the_others_kept(app: Flask, tmp_path: Path) -> None:
    """A bad line goes to stderr with its number, the rest is read, and the exit code says so."""
    file = tmp_path / "comments.jsonl"
    bad = [b'{"text": 3}', b"{broken", b"\xff\xfe", b'{"text": "ok", "rating": 9}', b'{"question": "Why?"}']
    file.write_bytes(b"\n".join([b"Awful", *bad, b"Good"]))
    result = app.test_cli_runner().invoke(args=["text", "analyse", str(file)])
    assert result.exit_code == 1
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["Awful", "Good"]
    assert [line.split(",")[0] for line in result.stderr.splitlines()] == [f"line {number}" for number in range(2, 7)]


def test_plain_text_stays_plain(app: Flask) -> None:
    """Only a line that begins with a brace is JSON: numbers, quoted words, lists and "null" are what somebody wrote."""
    lines = ["10", '"Great" service, they said', "[late] again", "null", "true", "3.5 stars", ""]
    result = app.test_cli_runner().invoke(args=["text", "analyse", "-"], input="".join(line + "\n" for line in lines))
    assert result.exit_code == 0
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == lines


def test_bad_lines_are_named_by_their_column_too(app: Flask, tmp_path: Path) -> None:
    """Where in the line it went wrong, counted from 1, in words without a traceback."""
    file = tmp_path / "comments.jsonl"
    file.write_bytes(
        b"\n".join(
            [
                b'{"text": "ok", }',
                b'{"text": "ok", "rating": "five"}',
                b"ok \xff",
                b'{"text": "ok"} and more',
                b'{"text": ' + b"[" * 100_000,
                b'{"rating": 5}',
                b'{"text": "ok", "rating": ' + b"9" * 6000 + b"}",
            ]
        )
    )
    result = app.test_cli_runner().invoke(args=["text", "analyse", str(file)])
    assert result.exit_code == 1
    assert result.stdout == ""
    places = [line.split(": ")[0] for line in result.stderr.splitlines()]
    assert places[0] in ("line 1, column 15", "line 1, column 16")  # of the comma or after it, by Python's version
    assert places[1:] == [
        "line 2, column 16",
        "line 3, column 4",
        "line 4, column 16",
        "line 5, column 1",
        "line 6, column 1",
        "line 7, column 1",
    ]


def test_an_analyser_can_be_chosen(app: Flask) -> None:
    """By name, one of three; another one is refused before anything is read."""
    assert (
        app.test_cli_runner().invoke(args=["text", "analyse", "--analyser", "fast", "-"], input="Good\n").exit_code == 0
    )
    refused = app.test_cli_runner().invoke(args=["text", "analyse", "--analyser", "huge", "-"], input="Good\n")
    assert refused.exit_code == 2
    assert "cascade" in refused.stderr


@pytest.mark.servers
def test_a_stream_is_read_as_it_comes(settings: Settings) -> None:
    """Results of the first lines are there before the last line is written: nothing holds the whole file."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "text", "analyse", "-"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": settings.database_url, "SECRET_KEY": "only-for-tests-0123456789"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"Good work\n" * (LINES_AT_ONCE + 1))
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["text"] == "Good work"
    out, _err = process.communicate(b"The last one\n")
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["text"] == "The last one"
