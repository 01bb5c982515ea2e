"""The analyser that the behaviour of the whole is tested with: the one in use."""

import pytest

from analysis.text.analyser import TextAnalyser
from analysis.text.lexicon import LexiconAnalyser


@pytest.fixture(scope="session")
def analyser() -> TextAnalyser:
    """The analyser in use; another one is tested by returning it here."""
    return LexiconAnalyser()
