"""The firm's colour, made readable: WCAG 2.2 contrast on light and on dark ground. Pure."""

import colorsys
import re
from dataclasses import dataclass

READABLE = 4.5  # WCAG 2.2, 1.4.3: contrast of text, level AA
WHITE, BLACK = "#ffffff", "#000000"
LIGHT_GROUNDS = ("#ffffff", "#f6f5f2")  # card and page of the survey, in its light and its dark theme
DARK_GROUNDS = ("#1a1d1b", "#121412")
FALLBACK = "#0f6b5c"
_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Theme:
    """What one theme paints with: the firm's colour as a fill, what is written on it, and the colour as text.

    On light ground the fill is the firm's own colour; on dark ground it is the readable shade, which glares less.
    """

    brand: str
    on_brand: str
    ink: str


def is_colour(value: str) -> bool:
    """Whether `value` is six hexadecimal digits after a #, in lower case."""
    return _HEX.fullmatch(value) is not None


def luminance(colour: str) -> float:
    """Relative luminance, 0…1 (WCAG 2.2, "relative luminance")."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1…21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour: str, grounds: tuple[str, ...], ratio: float = READABLE) -> str:
    """`colour` itself if it can be read on every ground, else the nearest shade of its hue that can.

    The grounds must be all light or all dark: the shade moves away from them, towards black or white.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    step = -0.01 if luminance(grounds[0]) > 0.18 else 0.01
    shade = colour
    while any(contrast(shade, ground) < ratio for ground in grounds) and 0 < lightness + step < 1:
        lightness += step
        shade = _hex(*colorsys.hls_to_rgb(hue, lightness, saturation))
    return shade


def text_on(colour: str) -> str:
    """White or black, whichever reads better on `colour`: always 4.58 : 1 or more."""
    return WHITE if contrast(WHITE, colour) >= READABLE else BLACK


def themes(colour: str) -> tuple[Theme, Theme]:
    """The light and the dark theme of a firm; a value that is no colour gives the default's."""
    colour = colour.lower() if is_colour(colour.lower()) else FALLBACK
    light, dark = readable_on(colour, LIGHT_GROUNDS), readable_on(colour, DARK_GROUNDS)
    return Theme(colour, text_on(colour), light), Theme(dark, text_on(dark), dark)


def stylesheet(colour: str) -> str:
    """The custom properties that static/css/survey.css paints with, for both themes."""
    light, dark = (
        f":root{{--brand:{theme.brand};--on-brand:{theme.on_brand};--ink:{theme.ink}}}" for theme in themes(colour)
    )
    return f"{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n"


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in (red, green, blue))
