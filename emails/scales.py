"""The row of ratings in an email, by the question that leads the survey. Pure.

The words are English sentences to be translated; `lead` is a question's key, as in `?csat=4`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from survey.questionnaires.words import RATING_WORDS

CSAT, NPS, CES = "csat", "nps", "ces"


@dataclass(frozen=True)
class Scale:
    """One row of buttons: what it asks, its values, and either a word for each or words for both ends."""

    key: str
    ask: str
    values: tuple[int, ...]
    words: Mapping[int, str]
    ends: tuple[str, str] | None = None

    def sentences(self) -> tuple[str, ...]:
        """All that needs a translation."""
        return (self.ask, *self.words.values(), *(self.ends or ()))


@dataclass(frozen=True)
class Rating:
    """One button."""

    value: int
    word: str
    url: str


SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        CSAT: Scale(CSAT, "Choose what fits best", (1, 2, 3, 4, 5), RATING_WORDS),
        NPS: Scale(
            NPS,
            "How likely are you to recommend us?",
            tuple(range(11)),
            {},
            ("Not at all likely", "Extremely likely"),
        ),
        CES: Scale(CES, "How easy was it with us?", tuple(range(1, 8)), {}, ("Very difficult", "Very easy")),
    }
)


def scale_of(lead: str) -> Scale:
    """The scale of a leading question; a question that no email can ask leads to the rating by words."""
    return SCALES.get(lead, SCALES[CSAT])
