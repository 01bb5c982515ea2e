"""The system guards itself: every door, every task, every setting and every rate is there on purpose."""

import re

from flask import Flask

from survey import auth
from survey.config import ROOT, Settings
from survey.runtime import Runtime
from wsgi import BLUEPRINTS, RATES, WITHOUT_CSRF_TOKEN

OPEN_DOORS = {
    "respond",
    "repair",
    "promise",
    "trap",
    "tryout",
    "login",
    "sign_in",
    "api",
    "health",
    "webhooks",
    "unsubscribe",
    "mailbox",
    "security",
}


def test_every_blueprint_says_who_may_enter(app: Flask) -> None:
    """A blueprint carries a guard with two roles, or a sentence why it is public."""
    for blueprint in app.blueprints.values():
        assert getattr(blueprint, auth.GUARD, None), f"{blueprint.name} has neither auth.guard nor auth.public"


def test_only_the_known_blueprints_are_public(app: Flask) -> None:
    """A new public door has to be added here, by hand."""
    public = {name for name, blueprint in app.blueprints.items() if isinstance(getattr(blueprint, auth.GUARD), str)}
    assert public == OPEN_DOORS & set(app.blueprints)
    assert public == OPEN_DOORS


def test_every_route_belongs_to_a_blueprint(app: Flask) -> None:
    """No view hangs on the application itself, where no guard would see it."""
    loose = {rule.endpoint for rule in app.url_map.iter_rules() if "." not in rule.endpoint}
    assert loose <= {"static"}


def test_what_goes_without_a_csrf_token_is_public(app: Flask) -> None:
    """No page of the desk is exempt from CSRF protection."""
    for blueprint in WITHOUT_CSRF_TOKEN:
        assert isinstance(getattr(blueprint, auth.GUARD), str)


def test_every_rate_names_a_blueprint(app: Flask) -> None:
    """A rate for a blueprint that is not there would limit nothing."""
    assert {rate.blueprint for rate in RATES} <= set(app.blueprints)
    assert {"security", "login", "sign_in", "respond", "webhooks", "api"} <= {rate.blueprint for rate in RATES}


def test_registered_blueprints_are_the_listed_ones(app: Flask) -> None:
    """Nothing registers a blueprint behind the composition root's back, flask-security excepted."""
    assert {blueprint.name for blueprint in BLUEPRINTS} | {"security"} == set(app.blueprints)


def test_every_task_has_a_name_of_its_own(app: Flask) -> None:
    """The worker reports by name, so names are unique, and each package has its say."""
    runtime: Runtime = app.extensions["clientele"]
    names = [task.name for task in runtime.tasks]
    assert names
    assert len(set(names)) == len(names)


def test_every_setting_is_documented() -> None:
    """docs/settings.md has a row for each setting, and none for a setting that is gone."""
    text = (ROOT / "docs" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", text, flags=re.MULTILINE))
    assert documented == {name.upper() for name in Settings.model_fields}
