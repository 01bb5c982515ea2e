"""The analyser that the settings name, made once in a process, when something is first read."""

from functools import cache

from analysis.text.analyser import TextAnalyser
from analysis.text.lexicon import LexiconAnalyser
from survey.config import ReadingMode


@cache
def analyser(mode: ReadingMode) -> TextAnalyser:  # noqa: ARG001
    """The one that reads in this mode."""
    return LexiconAnalyser()
