"""The crash test in its long form: a thousand emails, workers killed all the time, a provider that fails.

    .venv/bin/python -m bench.crash

On SQLite and on a PostgreSQL server of its own, four workers each. Writes bench/results/crash.md and fails if a promise
was broken. The short form runs with the tests (tests/emails/test_rehearsal.py).
"""

import argparse
import sys
import tempfile
from pathlib import Path

from emails.rehearsal.drill import Plan, Report, run
from tests.databases import PostgreSQLDatabases

RESULTS = Path(__file__).resolve().parent / "results" / "crash.md"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=1_000)
    arguments.add_argument("--kills", type=int, default=40)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    plan = Plan(messages=given.messages, workers=4, kills=given.kills, every_point=True, seed=given.seed)
    reports: dict[str, Report] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reports["SQLite"] = run(f"sqlite:///{folder / 'crash.sqlite'}", folder, plan, print)
        databases = PostgreSQLDatabases()
        try:
            reports["PostgreSQL"] = run(databases.empty(folder), folder, plan, print)
        finally:
            databases.close()
    _write(plan, reports)
    if any(report.verdict.wrong for report in reports.values()):
        sys.exit("A promise was broken.")


def _write(plan: Plan, reports: dict[str, Report]) -> None:
    lines = [
        "# Crash test",
        "",
        f"`python -m bench.crash`: {plan.messages} emails, 4 workers, {plan.fault_chance:.0%} faults, "
        f"seed {plan.seed}. "
        "Workers kill themselves at each labelled point and are killed at random; events come doubled and out of order "
        "to a web server that is killed as well.",
        "",
    ]
    for name, report in reports.items():
        lines += [f"## {name}", "", *(f"- {line}" for line in report.in_words().splitlines()), ""]
    RESULTS.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
