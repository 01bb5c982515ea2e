"""Addresses are built as Werkzeug builds them, only later."""

from typing import Any

import pytest
from werkzeug.routing import BuildError, Map, Rule

from survey.routing import LazyRule

RULES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("/desk/", "desk", {}),
    ("/desk/clients/<int:client_id>", "client", {}),
    ("/desk/files/<path:name>/of/<client>", "file", {}),
    ("/desk/jobs/page/1", "jobs", {"defaults": {"page": 1}}),
    ("/desk/jobs/page/<int:page>", "jobs", {}),
)


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("desk", {}),
        ("desk", {"q": "a b", "page": 2}),
        ("client", {"client_id": 7, "tab": "jobs"}),
        ("client", {"client_id": -1}),
        ("client", {}),
        ("file", {"name": "a/ü b", "client": "x/y"}),
        ("jobs", {"page": 1}),
        ("jobs", {"page": 3}),
    ],
)
def test_addresses_are_those_of_the_ordinary_rule(endpoint: str, values: dict[str, object]) -> None:
    """Paths, converters, defaults and what goes into the query; what cannot be built is refused alike."""
    built = []
    for kind in (Rule, LazyRule):
        urls = Map([kind(path, endpoint=name, **options) for path, name, options in RULES]).bind("localhost")
        try:
            built.append(urls.build(endpoint, values))
        except BuildError as error:
            built.append(type(error).__name__)
    assert built[0] == built[1]
    assert urls.match("/desk/clients/7") == ("client", {"client_id": 7})
