"""The processes of a drill: workers that run the real tasks and die where they are told to, and a web server."""

import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from survey import clock
from survey.config import ROOT
from survey.db import Base, db
from survey.runtime import runtime

POINTS = (
    "claim: before the commit",
    "claim: after the commit",
    "sending: before the commit",
    "sending: after the commit",
    "request: under way",
    "record: before the commit",
    "record: after the commit",
    "emails.recover: before the commit",
    "emails.recover: after the commit",
    "emails.events: before the commit",
    "emails.events: after the commit",
)
WEBHOOK_POINTS = ("webhook: before the commit", "webhook: after the commit")
IDLE_SECONDS = 0.02
_SENDING_STAGES = ("claim", "sending", "record")
_STORY = ("emails.send", "emails.events", "emails.recover")


@dataclass(frozen=True)
class Orders:
    """What a process of a drill works on.

    Attributes:
        environment: the settings, as an operator would set them.
        start, began, speed: the clock: `start` at the real moment `began` (seconds), running `speed` times as fast.
        point: where it kills itself, of `POINTS` or `WEBHOOK_POINTS`; "" nowhere.
    """

    environment: dict[str, str]
    start: datetime
    began: float
    speed: float
    point: str = ""

    def now(self) -> datetime:
        """The drill's clock."""
        return self.start + timedelta(seconds=(time.time() - self.began) * self.speed)


def work(orders: Orders) -> None:
    """Send, process events and recover until stopped by SIGTERM: the batch in flight is finished first."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    app = _load(orders)
    trap = _Trap(orders.point)
    tasks = [task for task in runtime_of(app).tasks if task.name in _STORY]
    while not stop.is_set():
        moved = 0
        for task in tasks:
            now = orders.now()
            with app.app_context(), clock.fixed_at(now):
                trap.begin(task.name)
                moved += task.run(now)
        if not moved:
            stop.wait(IDLE_SECONDS)


def warm_up(orders: Orders) -> None:
    """Make the tables, all that the application knows; what is loaded for it lets other processes start quickly."""
    with _load(orders).app_context():
        Base.metadata.create_all(db.engine)


def serve(orders: Orders, said: Connection) -> None:
    """Serve the application by the real clock, as requests are signed by it; its port is said first."""
    app = _load(orders)
    if orders.point:
        _Trap(orders.point, passes=0).begin("webhook")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    said.send(server.server_port)
    server.serve_forever()


def runtime_of(app: Flask) -> Any:
    """The runtime of an application that is not the current one."""
    with app.app_context():
        return runtime()


def _load(orders: Orders) -> Flask:
    os.environ.update(orders.environment)
    return ScriptInfo(app_import_path=str(ROOT / "wsgi.py")).load_app()


class _Trap:
    """Kills this process at one point, without a chance to clean up."""

    def __init__(self, point: str, passes: int | None = None) -> None:
        """`passes`: how often it lives through the point; by chance if it is not said."""
        self._point = point
        self._stages: Sequence[str] = ()
        self._passes = random.randint(0, 2) if passes is None else passes  # noqa: S311
        if point:
            event.listen(Session, "before_commit", lambda _session: self.at(f"{self._stage()}: before the commit"))
            event.listen(Session, "after_commit", self._committed)

    def begin(self, task: str) -> None:
        """A task starts. The commits of sending have names of their own."""
        self._stages = _SENDING_STAGES if task == "emails.send" else (task,) * 100

    def at(self, point: str) -> None:
        """Die here, if this is the point."""
        if point == self._point:
            self._passes -= 1
            if self._passes < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _stage(self) -> str:
        return self._stages[0] if self._stages else ""

    def _committed(self, _session: Session) -> None:
        stage, self._stages = self._stage(), self._stages[1:]
        self.at(f"{stage}: after the commit")
        if stage == "sending" and self._point == "request: under way":
            threading.Timer(random.random() / 20, os.kill, (os.getpid(), signal.SIGKILL)).start()  # noqa: S311
