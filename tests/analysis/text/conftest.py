"""The readers that the tests of behaviour read with; their weights are loaded once in a test process."""

import pytest

from analysis.text.reader import Reader


@pytest.fixture(scope="session")
def analyser() -> Reader:
    """The mode in use by default: the cascade."""
    return Reader("cascade")


@pytest.fixture(scope="session")
def fast_reader() -> Reader:
    """The fast tier alone."""
    return Reader("fast")
