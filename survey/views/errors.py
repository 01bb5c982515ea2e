"""The one place where domain errors become pages, statuses and log lines."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Install the error pages on `app`."""
