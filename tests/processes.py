"""Processes of Python that start at once: forked from one that has imported the application, and done nothing with it.

Importing takes seconds, and says nothing new the twentieth time. `flask serve`, and what it starts, are ordinary
processes everywhere.
"""

import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from survey.config import ROOT

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["wsgi"])


class Python:
    """`python -c CODE …` or `python -m MODULE …` in the project's root, with these environment variables and no others.

    Has what tests use of `subprocess.Popen`; what is printed goes through files.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self.arguments = arguments
        self._folder = TemporaryDirectory(prefix="clientele-process-")
        self._printed: tuple[str, str] | None = None
        self._out, self._err = (Path(self._folder.name, name) for name in ("out", "err"))
        self._out.touch()
        self._err.touch()  # so that there is something to read of one that is killed at once
        self._process = _FORKED.Process(
            target=_run, args=(arguments, dict(environment), str(self._out), str(self._err)), daemon=False
        )
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.communicate()

    @property
    def returncode(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        """What it printed and what it complained of, once it is over; too long ends it, and the test."""
        self._process.join(timeout)
        in_time = self._process.exitcode is not None
        if not in_time:
            self.kill()
            self._process.join()
        if self._printed is None:
            self._printed = (self._out.read_text(encoding="utf-8"), self._err.read_text(encoding="utf-8"))
            self._folder.cleanup()
        assert in_time, f"{self.arguments} was still running after {timeout} s: {self._printed}"
        return self._printed

    def has_said(self, text: str, within: float = 60) -> bool:
        """Wait until it has printed `text`; False if it never does."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            over = self._process.exitcode is not None
            if text in self._out.read_text(encoding="utf-8"):
                return True
            if over:
                break
            time.sleep(0.02)
        return False

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.pid is not None and self._process.exitcode is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()


def flask(*command: str, environment: Mapping[str, str]) -> CompletedProcess[str]:
    """`flask *command`, to its end."""
    process = Python("-m", "flask", *command, environment=environment)
    out, err = process.communicate()
    return CompletedProcess(command, process.returncode or 0, out, err)


def _run(arguments: tuple[str, ...], environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for path, number in ((out, 1), (err, 2)):
        with Path(path).open("wb") as file:
            os.dup2(file.fileno(), number)
    how, what, *rest = arguments
    sys.argv = [what if how == "-m" else how, *rest]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - code of the tests themselves
