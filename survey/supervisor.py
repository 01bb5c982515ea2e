"""Runs the web server and the worker as child processes, restarts whichever dies, and stops both together."""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from survey import tokens
from survey.errors import ClienteleError

THREADS = max(2, min(8, 2 * (os.cpu_count() or 1)))  # pages of Flask at a time
THREADS_VARIABLE = "CLIENTELE_THREADS"  # tells the web server how many
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
STEADY_SECONDS = 10.0  # a child that lived this long starts with a short wait again
STOP_SECONDS = 15.0
TICK_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1


class CannotServeError(ClienteleError):
    """The port is taken, the folder cannot be written, or somebody serves this database already."""


@dataclass
class Child:
    """One process to keep alive. It leads a process group of its own, so that what it started dies with it."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait: float = FIRST_WAIT
    start_again_at: float = 0.0


@dataclass
class Supervisor:
    """Keeps `children` running in `folder` with `environment` until told to stop."""

    children: Sequence[Child]
    folder: Path
    environment: Mapping[str, str]
    say: Callable[[str], None]
    stopping: bool = field(default=False, init=False)

    def run(self, once_started: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `once_started`, and watch until SIGINT or SIGTERM; then stop everything."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for child in self.children:
                self._start(child)
            once_started()
            while not self.stopping:
                for child in self.children:
                    self._look_after(child)
                time.sleep(TICK_SECONDS)
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(  # noqa: S603  our own command lines, below
            child.command,
            cwd=self.folder,
            env=dict(self.environment),
            start_new_session=True,  # Ctrl-C in the terminal reaches only us; we tell the children
            preexec_fn=_die_with_parent,
        )
        child.started_at = time.monotonic()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._start(child)
            return
        status = child.process.poll()
        if status is None:
            return
        _signal_group(child.process, signal.SIGKILL)  # what the dead process left behind would keep the port
        child.wait = FIRST_WAIT if now - child.started_at > STEADY_SECONDS else min(LONGEST_WAIT, child.wait * 2)
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self.say(f"The {child.name} process {how}; starting it again in {child.wait:g} s.")
        child.process, child.start_again_at = None, now + child.wait

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            _signal_group(process, signal.SIGTERM, only_leader=True)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"Process {process.pid} did not stop in {STOP_SECONDS:g} s and was killed.")
            _signal_group(process, signal.SIGKILL)
            process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals, *, only_leader: bool = False) -> None:
    try:
        if only_leader:
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # all of it is gone already


def _die_with_parent() -> None:
    """On Linux: when the supervisor is killed hard, the kernel stops its children."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def web_command(host: str, port: int) -> list[str]:
    """The command line of the web server."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--host", host, "--port", str(port)),
        *("--workers", "1", "--respawn-failed-workers"),
        *("--workers-kill-timeout", "10", "--no-ws", "--log-level", "warning", "--factory", "wsgi:serve_app"),
    ]


def worker_command() -> list[str]:
    """The command line of the worker."""
    return [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]


def check_port(host: str, port: int) -> None:
    """Do nothing when the port can be listened on.

    Raises:
        CannotServeError: it is taken, or the host is not one of ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno is None:
                raise CannotServeError(f"{host} is not an address of this machine.") from None
            raise CannotServeError(
                f"Port {port} on {host} cannot be used ({(error.strerror or str(error)).lower()}). "
                f"Stop what is listening there, or choose another one: flask serve --port {port + 1}"
            ) from None


@contextmanager
def only_one(folder: Path, database: str) -> Iterator[None]:
    """Hold the right to serve `database` from `folder`; it ends with this process, however that ends.

    Raises:
        CannotServeError: another process has it, or `folder` cannot be written to.
    """
    path = folder / f"serve-{tokens.fingerprint(database)[:12]}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise CannotServeError(f"Cannot write to {folder}: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CannotServeError(
                f"Clientele is already running on this database (process {file.read().strip() or 'unknown'})."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def wait_until_listening(host: str, port: int, stopping: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something accepts connections on the port before `seconds` are over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not stopping():
        try:
            with socket.create_connection((host, port), timeout=0.5):
                return True
        except OSError:
            time.sleep(0.1)
    return False
