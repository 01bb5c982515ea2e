"""What has drifted, in plain words: what changed, and what to do about it."""

from dataclasses import dataclass

from analysis.desk.loss_weights import feature_words
from analysis.learning.drift import CALIBRATION
from analysis.models import DriftCheck


@dataclass(frozen=True)
class Notice:
    """One thing that has drifted."""

    title: str
    what: str
    do: str


def notices(check: DriftCheck | None, names: list[str] | None = None) -> list[Notice]:
    """What is beyond its limit, or of that only `names`."""
    if check is None:
        return []
    wanted = check.crossed if names is None else names
    return [_calibration(check) if name == CALIBRATION else _input(check, name.partition("/")[2]) for name in wanted]


def _input(check: DriftCheck, name: str) -> Notice:
    found, words = check.found["inputs"][name], feature_words(name)
    worse = found["now"] > found["before"]
    return Notice(
        title=f"{words}: {'worse' if worse else 'better'} than it used to be",
        what=(
            f"Across your clients it reads {found['now']:.2f} on average in the last three months; "
            f"in the year before it was {found['before']:.2f}."
        ),
        do=(
            "Look whether something changed in how you work or ask: an import, the survey’s timing, other kinds of "
            "clients. If the change is real, the risks are right to follow it."
        ),
    )


def _calibration(check: DriftCheck) -> Notice:
    found = check.found[CALIBRATION]
    more = found["lost"] > found["expected"]
    return Notice(
        title=f"{'More' if more else 'Fewer'} clients were lost than the risks said",
        what=(
            f"Of {found['count']:,} risks that can be judged by now, about {found['expected']:.0f} losses were to be "
            f"expected; {found['lost']} came. That is more than chance does."
        ),
        do=f"Risks are said too {'low' if more else 'high'}. Refit the weights to your own losses, below.",
    )
