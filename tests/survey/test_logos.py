"""The firm's logo: from any picture to a small one that can be seen, on the desk, on surveys and in emails."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from survey import clock, logos, tokens
from survey.errors import InvalidInputError
from survey.firms import get_firm
from survey.logos import LIGHT_BYTES, prepared
from tests.conftest import SECRET_KEY
from tests.factories import make_invitation

WEEK = timedelta(days=7)
CLEAR = (0, 0, 0, 0)


def picture(colour: tuple[int, ...], size: tuple[int, int] = (400, 120), kind: str = "PNG", margin: int = 20) -> bytes:
    """A bar of this colour on a transparent ground (on white where the format knows no transparency)."""
    mode = "RGB" if kind == "JPEG" else "RGBA"
    made = Image.new(mode, size, (255, 255, 255) if mode == "RGB" else CLEAR)
    box = (margin, margin, size[0] - margin - 1, size[1] - margin - 1)
    ImageDraw.Draw(made).rectangle(box, fill=colour[:3] if mode == "RGB" else colour)
    written = BytesIO()
    made.save(written, kind)
    return written.getvalue()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.integers(60, 900), st.integers(60, 900))
def test_any_picture_becomes_a_small_one(kind: str, width: int, height: int) -> None:
    """PNG, within 180 × 48 CSS px, below 6 KB; its empty margin is gone."""
    logo = prepared(picture((20, 90, 160, 255), (width, height), kind))
    assert logo.width <= 180
    assert logo.height <= 48
    assert len(logo.data) <= LIGHT_BYTES
    with Image.open(BytesIO(logo.data), formats=["PNG"]) as kept:
        assert kept.convert("RGBA").getpixel((kept.width // 2, kept.height // 2))[3] == 255  # type: ignore[index]


def test_a_photograph_is_light_as_well() -> None:
    """Noise does not compress: fewer colours and coarser pixels keep a page's weight."""
    noise = Image.effect_noise((1200, 320), 90).convert("RGB")
    written = BytesIO()
    noise.save(written, "JPEG")
    assert len(prepared(written.getvalue()).data) <= LIGHT_BYTES


def test_nothing_but_pixels_is_kept() -> None:
    """The place where a picture was taken does not reach a client; a picture on its side is put upright."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    exif[0x010E] = "taken at home"
    written = BytesIO()
    Image.new("RGB", (60, 200), (10, 60, 120)).save(written, "JPEG", exif=exif)
    logo = prepared(written.getvalue())
    assert logo.width > logo.height
    assert b"taken at home" not in logo.data
    with Image.open(BytesIO(logo.data)) as kept:
        assert not kept.getexif()


@pytest.mark.parametrize(
    ("colour", "plates"),
    [((20, 60, 110, 255), ("dark",)), ((250, 220, 60, 255), ("light",)), ((200, 60, 40, 255), ())],
)
def test_what_cannot_be_seen_gets_a_plate(colour: tuple[int, ...], plates: tuple[str, ...]) -> None:
    """Navy on the dark theme, yellow on the light one; a red can be seen on both."""
    assert prepared(picture(colour)).plates == plates


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a picture"),
        (picture((1, 2, 3, 255))[:200], "not a picture"),
        (b"", "not a picture"),
        (picture(CLEAR), "nothing to see"),
        (picture((1, 2, 3, 255), (10, 10), margin=1), "too small"),
        (b"\x89PNG" + b"0" * (logos.MOST_BYTES + 1), "too large"),
        (picture((1, 2, 3, 255), (5001, 5000)), "too many pixels"),
    ],
)
def test_what_is_no_logo_is_refused_with_a_reason(data: bytes, words: str) -> None:
    """Scripts, halves of files, nothing at all, and pictures that would fill the memory."""
    with pytest.raises(InvalidInputError, match=words):
        prepared(data)


def test_a_logo_is_chosen_shown_and_taken_back(app: Flask, session: Session, admin: FlaskClient) -> None:
    """On the survey it stands for the firm's name; the way back is one button, and the old address goes on working."""

    def send(data: bytes) -> None:
        sent = admin.post("/desk/settings/logo", data={"logo": (BytesIO(data), "logo.png")})
        assert sent.status_code == 303

    def digest() -> str:
        return str(get_firm(session).logo.get("digest", ""))

    path = f"/s/{tokens.derive(SECRET_KEY, 'survey', make_invitation(session, expires_at=clock.now() + WEEK).seed)}"
    assert 'class="mark"' in app.test_client().get(path).text
    send(picture((20, 60, 110, 255)))
    first = digest()
    page = app.test_client().get(path).text
    assert 'class="mark"' not in page
    (address,) = re.findall(
        r'<img class="logo plate-dark" src="([^"]+)" alt="Brightside IT" width="180" height="', page
    )
    shown = app.test_client().get(address)
    assert shown.mimetype == "image/png"
    assert "immutable" in shown.headers["Cache-Control"]
    send(picture((200, 60, 40, 255)))
    assert digest() not in {"", first}
    assert "Use the one before" in admin.get("/desk/settings").text
    admin.post("/desk/settings/logo/use", data={"digest": first})
    assert digest() == first
    admin.post("/desk/settings/logo/use", data={"digest": ""})
    assert digest() == ""
    assert app.test_client().get(address).status_code == 200
    assert app.test_client().get("/s/logo/0123456789abcdef.png").status_code == 404


def test_what_was_wrong_is_said_on_the_page(admin: FlaskClient, session: Session) -> None:
    """Beside the field, and nothing changes."""
    for data, words in (({}, "Choose a picture first."), ({"logo": (BytesIO(b"x"), "x.png")}, "not a picture")):
        page = admin.post("/desk/settings/logo", data=data)
        assert page.status_code == 422
        assert words in page.text
    assert get_firm(session).logo == {}
