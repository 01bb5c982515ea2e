"""Who gets in, and what they may do there."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import clock
from survey.auth import make_sign_in_link
from survey.errors import ConflictError, InvalidInputError
from survey.people import create_person, find_person, set_active, set_role
from survey.users import SignInLink
from tests.conftest import NOW, sign_in

PASSWORD = "three quiet green boats"


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_a_stranger_is_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    """A guarded page redirects to the sign-in page, which remembers where one wanted to go."""
    response = client.get("/desk/jobs?state=open")
    assert response.status_code == 303
    assert response.location == "/login?next=/desk/jobs?state%3Dopen"


def test_a_strangers_post_is_not_repeated_after_signing_in(client: FlaskClient) -> None:
    """Only a page that is safe to load again is remembered."""
    assert client.post("/desk/settings").location == "/login"


def test_htmx_is_told_to_leave_the_page(client: FlaskClient) -> None:
    """A partial request without a session navigates to the sign-in page instead of swapping it into a list."""
    response = client.get("/desk/jobs", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login"


def test_a_viewer_reads_but_does_not_write(viewer: FlaskClient) -> None:
    """A viewer's POST to the desk gets the 403 page, whatever the address."""
    assert viewer.get("/account").status_code == 200
    response = viewer.post("/desk/jobs/new")
    assert response.status_code == 403
    assert "Your role does not allow this" in response.text


def test_settings_are_for_admins(manager: FlaskClient) -> None:
    """A manager may not even read the settings."""
    assert manager.get("/desk/settings/").status_code in {403, 404}
    assert manager.post("/desk/settings").status_code == 403


def test_signing_in_with_a_password(session: Session, client: FlaskClient) -> None:
    """The right password signs in and goes where the person wanted to go; a wrong one tells nothing."""
    user = create_person(session, "ana@brightside.example", "viewer", NOW)
    user.password = hash_password(PASSWORD)
    assert user.password.startswith("$argon2id$")
    wrong = client.post("/login", data={"email": "ana@brightside.example", "password": "not this one"})
    unknown = client.post("/login", data={"email": "nobody@brightside.example", "password": "not this one"})
    for response in (wrong, unknown):
        assert "The email address or the password is not right." in response.text
    right = client.post("/login?next=/account", data={"email": "Ana@Brightside.example", "password": PASSWORD})
    assert (right.status_code, right.location) == (302, "/account")
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize("following", ["https://evil.example/", "//evil.example", "/\\evil.example", "///evil.example"])
def test_signing_in_never_leads_to_another_site(session: Session, client: FlaskClient, following: str) -> None:
    """`next` is followed only inside this installation."""
    user = create_person(session, "ana@brightside.example", "viewer", NOW)
    user.password = hash_password(PASSWORD)
    response = client.post(
        "/login", query_string={"next": following}, data={"email": "ana@brightside.example", "password": PASSWORD}
    )
    target = urlsplit(response.location or "/")
    assert (target.scheme, target.netloc) == ("", "")
    assert not target.path.startswith(("//", "/\\"))


def test_a_link_signs_in_once(session: Session, client: FlaskClient, app: Flask) -> None:
    """Opening a link changes nothing; its button signs in; the second use gets a page that offers a new link."""
    user = create_person(session, "ana@brightside.example", "manager", NOW, name="Ana Xu")
    path = urlsplit(make_sign_in_link(session, user, clock.now())).path
    assert "Sign in as Ana Xu" in client.get(path).text
    assert "Sign in as Ana Xu" in client.get(path).text
    assert client.post(path).status_code == 303
    assert client.get("/account").status_code == 200
    again = app.test_client()
    for response in (again.get(path), again.post(path)):
        assert response.status_code == 410
        assert "Email me a new link" in response.text
    assert again.get("/account").status_code == 303


def test_an_old_or_invented_link_signs_nobody_in(session: Session, client: FlaskClient) -> None:
    """A link that ran out and a link that never was look the same."""
    user = create_person(session, "ana@brightside.example", "manager", NOW)
    old = urlsplit(make_sign_in_link(session, user, clock.now() - timedelta(hours=25))).path
    assert client.post(old).status_code == 410
    assert client.post("/sign-in/invented").status_code == 410


def test_the_database_does_not_hold_the_link(session: Session) -> None:
    """Only a fingerprint of the link is kept."""
    user = create_person(session, "ana@brightside.example", "manager", NOW)
    token = make_sign_in_link(session, user, NOW).rpartition("/")[2]
    assert token not in str(vars(session.scalars(select(SignInLink)).one()))


def test_asking_for_a_link_tells_nothing_about_the_address(session: Session, client: FlaskClient) -> None:
    """The page is the same for an address we know, one we do not, and one that may not enter."""
    create_person(session, "ana@brightside.example", "manager", NOW)
    set_active(session, create_person(session, "ben@brightside.example", "viewer", NOW), False)
    pages = {
        client.post("/sign-in/request", data={"email": email}).text
        for email in ("ana@brightside.example", "ben@brightside.example", "nobody@brightside.example", "")
    }
    assert len(pages) == 1
    assert session.scalars(select(SignInLink)).all() != []
    assert len(session.scalars(select(SignInLink)).all()) == 1


def test_somebody_who_may_no_longer_enter_is_out_with_the_next_request(
    session: Session, app: Flask, manager: FlaskClient
) -> None:
    """Deactivating a person ends their open session."""
    assert manager.get("/account").status_code == 200
    user = find_person(session, "manager@brightside.example")
    assert user is not None
    set_active(session, user, False)
    assert manager.get("/account").status_code == 303


def test_signing_out_ends_the_session(manager: FlaskClient) -> None:
    """Signing out is a POST; a GET, which a page could embed, does nothing."""
    assert manager.get("/logout").status_code == 405
    assert manager.post("/logout").status_code == 302
    assert manager.get("/account").status_code == 303


def test_the_last_admin_stays(session: Session) -> None:
    """Nobody can lock everybody out of the settings."""
    only = create_person(session, "ana@brightside.example", "admin", NOW)
    with pytest.raises(ConflictError):
        set_active(session, only, False)
    with pytest.raises(ConflictError):
        set_role(session, only, "viewer")
    create_person(session, "ben@brightside.example", "admin", NOW)
    set_role(session, only, "viewer")
    assert [role.name for role in only.roles] == ["viewer"]


def test_people_have_one_address_and_a_known_role(session: Session) -> None:
    """The same address in other letters, a text that is no address, and an unknown role are refused."""
    create_person(session, "ana@brightside.example", "admin", NOW)
    with pytest.raises(ConflictError):
        create_person(session, "ANA@brightside.example", "viewer", NOW)
    with pytest.raises(InvalidInputError):
        create_person(session, "not an address", "viewer", NOW)
    with pytest.raises(InvalidInputError):
        create_person(session, "ben@brightside.example", "owner", NOW)


def test_adding_a_password_to_an_account_made_by_link(manager: FlaskClient, client: FlaskClient) -> None:
    """Somebody who came by link sets a password without an old one, and then signs in with it."""
    response = manager.post("/account/password", data={"new_password": PASSWORD, "new_password_confirm": PASSWORD})
    assert response.location == "/account"
    signed_in = client.post("/login", data={"email": "manager@brightside.example", "password": PASSWORD})
    assert signed_in.location == "/desk/"


@pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")  # flask-security's form
def test_an_authenticator_app_is_asked_for_after_a_link_too(
    session: Session, app: Flask, manager: FlaskClient, client: FlaskClient
) -> None:
    """With a second factor set up, a sign-in link alone does not open the desk."""
    page = manager.post("/account/two-factor", data={"setup": "authenticator"})
    assert "data:image/svg+xml" in page.text
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    user = find_person(session, "manager@brightside.example")
    assert user is not None
    user.tf_primary_method = "authenticator"
    user.tf_totp_secret = app.extensions["security"].totp_factory.generate_totp_secret()
    path = urlsplit(make_sign_in_link(session, user, clock.now())).path
    response = client.post(path)
    assert urlsplit(response.location).path == "/login/code"
    assert client.get("/account").status_code == 303
    assert "Enter your code" in client.get(response.location).text


@pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")  # flask-security's form
def test_every_page_of_signing_in_renders(admin: FlaskClient, client: FlaskClient) -> None:
    """The pages around signing in answer with our own design."""
    for path in ("/login", "/sign-in/request"):
        assert "plain-card" in client.get(path).text
    for path in ("/account", "/account/password", "/account/two-factor", "/account/recovery-codes", "/account/verify"):
        assert admin.get(path).status_code == 200, path
    assert admin.post("/account/recovery-codes", data={"generate_new_codes": "1"}).status_code == 200


def test_sign_in_helper_uses_the_real_door(app: Flask) -> None:
    """The fixtures sign in by a link, as a person does."""
    assert sign_in(app, "viewer").get("/account").status_code == 200


def test_a_form_without_its_token_is_refused(guarded_app: Flask) -> None:
    """Every form of the desk needs its CSRF token; with it the same request goes through."""
    client = guarded_app.test_client()
    page = client.get("/login").text
    data = {"email": "nobody@brightside.example", "password": "x"}
    assert client.post("/login", data=data).status_code == 400
    assert client.post("/login", data={**data, "csrf_token": _csrf(page)}).status_code == 200
