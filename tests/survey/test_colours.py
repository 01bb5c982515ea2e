"""The firm's colour can be read wherever the survey paints with it."""

import re
from pathlib import Path

import pytest

from survey import colours
from survey.colours import DARK_GROUNDS, LIGHT_GROUNDS, READABLE, contrast

COLOURS = ["#0f6b5c", "#ffd400", "#ff6600", "#ffffff", "#000000", "#777777", "#3366ff", "#e91e63", "#00ff00", "#7a7a00"]
CUBE = [f"#{r:02x}{g:02x}{b:02x}" for r in range(0, 256, 51) for g in range(0, 256, 51) for b in range(0, 256, 51)]
CSS = Path(__file__).parents[2] / "static/css/survey.css"


def test_contrast_is_the_standards() -> None:
    """The values that WCAG's own examples give: black on white 21, a colour on itself 1, #767676 on white 4.54."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#3366ff", "#3366ff") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("colour", COLOURS + CUBE)
def test_every_colour_is_mended(colour: str) -> None:
    """Whatever a firm chooses, text in it and text on it can be read, in both themes."""
    for theme, grounds in zip(colours.themes(colour), (LIGHT_GROUNDS, DARK_GROUNDS), strict=True):
        assert contrast(theme.on_brand, theme.brand) >= READABLE
        assert min(contrast(theme.ink, ground) for ground in grounds) >= READABLE


def test_a_readable_colour_stays_as_it_is() -> None:
    """A firm whose colour reads well sees exactly its own."""
    light, _dark = colours.themes("#0F6B5C")
    assert light == colours.Theme("#0f6b5c", "#ffffff", "#0f6b5c")


@pytest.mark.parametrize("value", ["", "#", "red", "#fff", "#12345g", "#0f6b5c;}", "#0f6b5c\n"])
def test_what_is_no_colour_gives_the_default(value: str) -> None:
    """A bad value can neither break the page nor get into the stylesheet."""
    assert colours.stylesheet(value) == colours.stylesheet(colours.FALLBACK)


def test_the_stylesheet_has_the_grounds_that_were_computed_with() -> None:
    """survey.css paints its cards and pages in exactly the colours that contrast was computed against."""
    css = CSS.read_text()
    found = re.findall(r"--(card|ground): (#[0-9a-f]{6})", css)
    assert found == list(zip(("ground", "card"), reversed(LIGHT_GROUNDS), strict=True)) + list(
        zip(("ground", "card"), reversed(DARK_GROUNDS), strict=True)
    )


def test_the_survey_s_own_text_colours_are_readable() -> None:
    """Every text colour of survey.css on every ground it is used on, light and dark."""
    css = CSS.read_text()
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in css.split("@media", 2)[:2])
    for theme in (light, dark):
        for text, grounds in {
            "text": ("card", "ground", "note-soft", "error-soft"),
            "text-2": ("card", "ground", "note-soft"),
            "error": ("card", "error-soft"),
        }.items():
            for ground in grounds:
                assert contrast(theme[text], theme[ground]) >= READABLE, (text, ground)
        assert contrast(theme["line-strong"], theme["card"]) >= 3  # the border of a control (WCAG 1.4.11)
