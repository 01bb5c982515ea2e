"""The running application as its edges see it: settings and background tasks, put together by `wsgi.create_app`."""

from dataclasses import dataclass

from flask import current_app

from survey.config import Settings
from survey.doctor import Checker
from survey.metrics import Counter
from survey.worker import Task


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    tasks: tuple[Task, ...]  # every package's, in story order
    counters: tuple[Counter, ...] = ()  # every package's numbers for /metrics
    checkers: tuple[Checker, ...] = ()  # what each package adds to `flask doctor`


def runtime() -> Runtime:
    """The runtime of the current application."""
    found = current_app.extensions["clientele"]
    assert isinstance(found, Runtime)
    return found


def settings() -> Settings:
    """The settings of the current application."""
    return runtime().settings
