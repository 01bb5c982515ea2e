"""What looking links up together saves on PostgreSQL: `python -m bench.lookups`.

The front's own reader, in process, asked for so many surveys in the same moment; wall time and PostgreSQL's processor
time for each survey, beside one at a time. Writes `bench/results/lookups.md`.
"""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load import RESULTS, SECRET, fill
from bench.webhook import with_postgresql
from survey import clock, tokens
from survey.config import load_settings
from survey.db import db
from survey.front.asked import Reader
from wsgi import create_app

SURVEYS = 4_000
TOGETHER = (1, 2, 4, 8, 16, 32, 64)
ASKED = 6_400  # in each turn
TURNS = 5


def server_seconds() -> float:
    """Processor time of all PostgreSQL processes until now."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # it has ended
        if name.startswith("postgres"):
            ticks += sum(map(int, rest.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


async def ask(reader: Reader, hashes: Iterator[str], together: int) -> tuple[float, float]:
    """Wall and PostgreSQL's processor time for each survey, in µs."""
    server, began = server_seconds(), time.perf_counter()
    for _ in range(ASKED // together):
        now = clock.now()
        found = await asyncio.gather(*(reader.survey(next(hashes), now) for _ in range(together)))
        assert all(found)
    return (time.perf_counter() - began) / ASKED * 1e6, (server_seconds() - server) / ASKED * 1e6


async def measure(reader: Reader, paths: list[str]) -> dict[int, list[tuple[float, float]]]:
    """For each number asked together, its turns."""
    hashes = itertools.cycle([tokens.fingerprint(path.rpartition("/")[2]) for path in paths])
    found: dict[int, list[tuple[float, float]]] = {together: [] for together in TOGETHER}
    for turn in range(TURNS + 1):
        for together, turns in found.items():
            taken = await ask(reader, hashes, together)
            if turn:
                turns.append(taken)
    reader.close()
    return found


def main() -> None:
    def work(url: str, folder: Path) -> None:
        paths = fill(url, folder, SURVEYS)
        app = create_app(load_settings(_env_file=None, database_url=url, instance_path=folder, secret_key=SECRET))
        with app.app_context():
            found = asyncio.run(measure(Reader(db.engine), paths))
            db.engine.dispose()
        lines = [
            "# Links looked up together",
            "",
            f"`python -m bench.lookups`: medians of {TURNS} turns of {ASKED:,} look-ups, µs for each.",
            "",
            "| together | wall | × one at a time | PostgreSQL's processor |",
            "|---:|---:|---:|---:|",
        ]
        alone = statistics.median(wall for wall, _ in found[1])
        for together, turns in found.items():
            wall, server = (statistics.median(column) for column in zip(*turns, strict=True))
            lines.append(f"| {together} | {wall:.0f} | {wall / alone:.2f} | {server:.0f} |")
        text = "\n".join([*lines, ""])
        (RESULTS / "lookups.md").write_text(text)
        print(text)

    with_postgresql(work)


if __name__ == "__main__":
    main()
