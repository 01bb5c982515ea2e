"""The firm as the front knows it: read anew when anything of its row changed, which is asked once a second."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from flask import Flask

from survey.db import begin_reading, db
from survey.firms import get_firm
from survey.front.asked import Reader
from survey.models import Firm
from survey.promise import promise_steps

SECONDS = 1.0


class Known(NamedTuple):
    """The firm, what changes when anything of it does, and the keys of its promise's steps."""

    firm: Firm
    stamp: str
    promise: Sequence[str]


class KnownFirm:
    """The firm, for the event loop."""

    def __init__(self, app: Flask, reader: Reader) -> None:
        self._app = app
        self._reader = reader
        self._asked_at = 0.0
        self._known: Known | None = None

    async def get(self) -> Known:
        """The firm as it is, or was a second ago."""
        known = self._known
        if known is None or time.monotonic() - self._asked_at > SECONDS:
            stamp = await self._reader.firm_stamp()
            if known is None or known.stamp != stamp:
                known = self._known = await asyncio.to_thread(self._read, stamp)
            self._asked_at = time.monotonic()
        return known

    def forget(self) -> None:
        """Ask at the next use, as after a second."""
        self._asked_at = 0.0

    def _read(self, stamp: str) -> Known:
        with self._app.app_context():
            begin_reading(db.session)
            firm = get_firm(db.session)
            db.session.expunge_all()
        return Known(firm, stamp, [step.key for step in promise_steps(firm.promise)])
