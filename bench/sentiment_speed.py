"""How fast clients' words are read and what that takes: the last tables of `bench.sentiment`."""

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from tqdm import tqdm

from analysis.text.analyser import Comment
from analysis.text.reader import MODES, Reader
from bench.labelled import read

TURNS = 9  # in which paces are compared

Work = Callable[[Sequence[Comment]], object]


def speed_table(data: Path, says: Mapping[str, Work], readers: Mapping[str, Reader]) -> Iterator[str]:
    """Documents per second of one core, loading left out, and the ratio to TextBlob in the same turn."""
    rows = [row for name in ("fabsa", "nhs_fft", "nhs_fft_p1") for row in read(data, name, "dev")]
    comments = [Comment(row.text, row.question) for row in rows if 1 <= len(row.text.split()) <= 60]
    work: dict[str, Work] = {f"{name}: sentiment": say for name, say in says.items()}
    work |= {f"{mode}: everything": reader.analyse for mode, reader in readers.items()}
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    gc.collect()
    gc.freeze()  # else the collector goes through a million of our rows and others' words, in whoever's turn it is
    for turn in tqdm(range(TURNS + 1), unit="turn"):
        for name, say in work.items():
            slow = name.startswith("accurate") or "everything" in name
            some = comments[:: 8 if slow else 1]
            paces = _rate(say, [some]), _rate(say, [[comment] for comment in some[: 60 if slow else 300]])
            if turn:  # the first fills what remembers words
                turns[name].append(paces)
    gc.unfreeze()
    lines = [
        "| what | in one batch, docs/s | × TextBlob | lowest and highest | one at a time, docs/s | × TextBlob | "
        "lowest and highest |",
        "|---|---|---|---|---|---|---|",
    ]
    base = turns[next(iter(work))]
    for name, found in turns.items():
        cells = []
        for way in (0, 1):
            times = [pace[way] / usual[way] for pace, usual in zip(found, base, strict=True)]
            rate = median(pace[way] for pace in found)
            cells.append(f"{rate:,.0f} | {median(times):.2f} | {min(times):.2f}–{max(times):.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    yield (
        f"## Speed\n\n{len(comments):,} comments of 1 to 60 words, processor time, {TURNS} turns in which each has its "
        "go; medians, and the ratio to TextBlob's pace of the same turn. *Sentiment* is what TextBlob and VADER give; "
        "*everything* adds aspects, intents, severity, sentences and the spans that explain."
    )
    yield "\n".join(lines)


def _rate(say: Work, batches: Sequence[Sequence[Comment]]) -> float:
    """Comments per second of processor time."""
    begun = time.process_time()
    for batch in batches:
        say(batch)
    return sum(map(len, batches)) / max(1e-9, time.process_time() - begun)


def footprint_table() -> Iterator[str]:
    """Time to import and load, and resident memory after reading, each in a fresh process."""
    lines = ["| what | import, s | load, s | resident, MB |", "|---|---|---|---|"]
    for mode in MODES:
        script = (
            "import time\nt = time.perf_counter()\nimport analysis.text.reader as r\n"
            "from analysis.text.analyser import Comment\na = time.perf_counter()\n"
            f"reader = r.Reader({mode!r})\nb = time.perf_counter()\n"
            "reader.analyse([Comment('The engineer was late twice, but he was kind.')] * 200)\n"
            "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
            "print(a - t, b - a, int(peak.split()[1]) / 1024)"
        )
        found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        imported, loaded, resident = map(float, found.stdout.split())
        lines.append(f"| {mode} | {imported:.2f} | {loaded:.2f} | {resident:,.0f} |")
    yield "## Footprint"
    yield "\n".join(lines)
