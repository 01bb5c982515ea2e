"""How long it takes to read a firm's whole history, and how fast the desk is with it loaded.

    .venv/bin/python -m bench.desk --data ../shared/data/firm

Imports jobs.csv and responses.csv, runs the worker until nothing is due, starts `flask serve`, signs in over HTTP and
asks for every list page. The baseline of the same run is `/livez`, a page that reads nothing: what is above it is our
work. Results go to bench/results/desk.md.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "desk.md"
PAGES = (
    "/desk/",
    "/desk/?status=closed",
    "/desk/clients",
    "/desk/clients?sort=value",
    "/desk/ladder",
    "/desk/jobs",
    "/desk/jobs?q=school",
    "/desk/jobs?page=100",
    "/desk/surveys",
    "/desk/surveys?state=skipped",
    "/desk/emails",
    "/desk/learning",
)
REPEATS = 20
PORT = 8765


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="a folder with jobs.csv and responses.csv")
    data = arguments.parse_args().data.resolve()
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "INSTANCE_PATH": folder, "DATABASE_URL": "", "PUBLIC_URL": f"http://127.0.0.1:{PORT}"}
        steps, flags, clients = _load(data, env)
        pages = _measure(env)
    _write(data, steps, flags, clients, pages)


def _load(data: Path, env: dict[str, str]) -> tuple[dict[str, float], int, int]:
    steps: dict[str, float] = {}
    for name, command in (
        ("migrate", ["db", "upgrade"]),
        ("import jobs", ["jobs", "import", str(data / "jobs.csv")]),
        ("import responses", ["responses", "import", str(data / "responses.csv")]),
        ("read, score and flag", ["worker", "--once"]),
    ):
        started = time.perf_counter()
        _flask(command, env)
        steps[name] = time.perf_counter() - started
    flags = json.loads(_flask(["flags", "list", "--all", "--json"], env))
    clients = json.loads(_flask(["clients", "list", "--json"], env))
    return steps, len(flags), len(clients)


def _flask(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flask", *command], cwd=ROOT, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout


def _measure(env: dict[str, str]) -> dict[str, list[float]]:
    link = re.search(r"http\S+/sign-in/\S+", _flask(["user", "create", "bench@firm.example", "--role", "admin"], env))
    assert link, "no sign-in link was printed"
    server = subprocess.Popen(
        [sys.executable, "-m", "flask", "serve", "--port", str(PORT)], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    try:
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        _wait(browser, f"http://127.0.0.1:{PORT}/livez")
        form = browser.open(link.group()).read().decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        browser.open(link.group(), urlencode({"csrf_token": token.group(1) if token else ""}).encode()).read()
        return {page: _times(browser, f"http://127.0.0.1:{PORT}{page}") for page in ("/livez", *PAGES)}
    finally:
        server.terminate()
        server.wait(20)


def _wait(browser: OpenerDirector, url: str) -> None:
    for _ in range(200):
        try:
            browser.open(url).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not start.")


def _times(browser: OpenerDirector, url: str) -> list[float]:
    times = []
    for _ in range(REPEATS + 2):
        started = time.perf_counter()
        answer = browser.open(url)
        answer.read()
        assert "/login" not in answer.url, "the bench is not signed in"
        times.append((time.perf_counter() - started) * 1000)
    return times[2:]


def _write(data: Path, steps: dict[str, float], flags: int, clients: int, pages: dict[str, list[float]]) -> None:
    base = statistics.median(pages["/livez"])
    lines = [
        "# The desk with a firm's history loaded",
        "",
        f"History `{data.name}`: {clients} clients, {flags} flags ever raised. Two processes (web, worker), SQLite.",
        "",
        "| step | seconds |",
        "|---|---|",
        *(f"| {name} | {seconds:.1f} |" for name, seconds in steps.items()),
        f"| together | {sum(steps.values()):.1f} |",
        "",
        f"Each page {REPEATS} times over HTTP; the baseline `/livez` reads nothing.",
        "",
        "| page | median ms | slowest ms | × baseline |",
        "|---|---|---|---|",
    ]
    for page, times in pages.items():
        median = statistics.median(times)
        lines.append(f"| `{page}` | {median:.1f} | {max(times):.1f} | {median / base:.1f} |")
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))  # the result is for the terminal too


if __name__ == "__main__":
    main()
