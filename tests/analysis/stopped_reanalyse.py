"""Run as a program: `flask text reanalyse --yes` with a tiny analyser, which halts once where its argument says.

`reading`: before the second batch is stored; `writing`: with the second batch written and not committed. It says
"halted" and waits there to be killed; a signal that can be handled lets it go on.
"""

import signal
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from analysis.reading import reanalyse_cli, reanalysis
from survey.config import load_settings
from tests.analysis.test_assessments import KeywordAnalyser
from wsgi import create_app

BATCH = 10
HALT_IN = 2  # the batch it halts in


def halting(store_batch: Callable[..., int], halt_at: str) -> Callable[..., int]:
    batches = 0

    def store(*arguments: Any) -> int:
        nonlocal batches
        batches += 1
        if halt_at == "reading" and batches == HALT_IN:
            _halt()
        stored = store_batch(*arguments)
        if halt_at == "writing" and batches == HALT_IN:
            _halt()
        return stored

    return store


def _halt() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    print("halted", flush=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.02)
        if handlers != [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]:
            return  # the command took note of a signal


def main(halt_at: str, *options: str) -> None:
    app = create_app(load_settings(_env_file=None))
    with (
        patch.multiple(reanalyse_cli, BATCH=BATCH, analyser_with=lambda *_: KeywordAnalyser("newer-1")),
        patch.object(reanalysis, "store_batch", halting(reanalysis.store_batch, halt_at)),
        app.app_context(),
    ):
        reanalyse_cli.reanalyse.main(["--yes", *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
