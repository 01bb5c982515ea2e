"""`flask text analyse`."""

import json
from pathlib import Path

from flask import Flask


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
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [f"line {number}" for number in range(2, 7)]
