"""Who gets in, and what they may do there."""

from flask.testing import FlaskClient


def test_manager_is_signed_in(manager: FlaskClient) -> None:
    """A signed-in person's own page answers."""
    assert manager.post("/account").status_code == 405
