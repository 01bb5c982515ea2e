"""Lighthouse's marks for accessibility and best practices: a hundred of a hundred, for clients' pages and the desk's.

Lighthouse cannot open a page that says with its status that something is wrong (unknown, expired): axe looks at those
in `test_survey.py`.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ARGUMENTS, CHROMIUM, Server
from tests.browser.test_survey import make_survey

pytestmark = pytest.mark.browser

LIGHTHOUSE = Path(__file__).parent / "lighthouse"
COMMAND = ("node", "node_modules/lighthouse/cli/index.js")
OPTIONS = ("--only-categories=accessibility,best-practices", "--output=json", "--quiet", "--no-enable-error-reporting")
FLAGS = f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}"
AT_ONCE = 3  # each waits ten seconds for its Chromium before it has anything to do


def marks(url: str, cookie: str = "") -> dict[str, Any]:
    """Lighthouse's report of one page."""
    headers = ["--extra-headers", json.dumps({"Cookie": cookie})] if cookie else []
    done = subprocess.run(
        [*COMMAND, url, *OPTIONS, FLAGS, *headers],
        cwd=LIGHTHOUSE,
        env=os.environ | {"CHROME_PATH": str(CHROMIUM)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def complaints(report: dict[str, Any]) -> list[str]:
    """What counts for a mark and was not found perfect, one line for each audit."""
    ids = (one["id"] for kind in report["categories"].values() for one in kind["auditRefs"] if one["weight"])
    audits = (report["audits"][name] for name in ids)
    return [f"{one['title']}: {json.dumps(one.get('details'))}" for one in audits if one["score"] not in (None, 1)]


def test_a_hundred_of_a_hundred(
    server: Server, new_page: Callable[..., Page], signed_in_page: Callable[..., Page]
) -> None:
    if not (LIGHTHOUSE / "node_modules" / "installed").exists() or not shutil.which(COMMAND[0]):
        pytest.skip("Lighthouse is not installed: `make browser` does, where there are Node.js and npm")
    _, answered = server.commit(make_survey)
    page = new_page()
    page.goto(f"{answered}?csat=2")
    page.get_by_role("button", name="Send").click()
    question = page.url
    desk = signed_in_page("manager")
    pages = {
        f"{server.url}{answered}?csat=4&lang=de": "",
        question: "",
        f"{server.url}{answered}/done": "",
        f"{server.url}{answered.replace('/s/', '/u/')}": "",
        f"{server.url}/promise": "",
        f"{server.url}/desk/": "; ".join(f"{one['name']}={one['value']}" for one in desk.context.cookies()),
    }

    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = dict(zip(pages, pool.map(marks, pages, pages.values()), strict=True))

    assert [line for report in reports.values() for line in complaints(report)] == []
    for url, report in reports.items():
        assert report["finalDisplayedUrl"] == url  # nothing led elsewhere: the desk's cookie is good
        assert {kind["score"] for kind in report["categories"].values()} == {1}, url
