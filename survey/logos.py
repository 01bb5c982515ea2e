"""The firm's logo: made small and safe to send, and checked against the grounds it will stand on. Pure.

Whatever was uploaded is painted anew, so that nothing but pixels reaches a client: no place, no camera, no comment.
"""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from survey.colours import DARK_GROUNDS, LIGHT_GROUNDS, contrast
from survey.errors import InvalidInputError

MOST_BYTES = 4 * 1024 * 1024
MOST_PIXELS = 25_000_000  # a picture of a phone; more is a trap for the memory
LEAST_SIDE = 16
SHOWN = (180, 48)  # CSS px, the most: what a phone's page has room for
DENSITY = 2  # pixels for each CSS px
LIGHT_BYTES = 6 * 1024  # on top of a page that is below 30 KB with all that belongs to it
VISIBLE = 3.0  # WCAG 2.2, 1.4.11: contrast of what is not text
ENOUGH = 0.5  # of a logo must be visible, or it gets a plate
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
_SAMPLE = 96  # px: the side of what contrast is measured on
_OPAQUE = 128


@dataclass(frozen=True)
class Logo:
    """A PNG and how to show it: its size in CSS px, and the themes ("light", "dark") where it needs a plate."""

    digest: str
    width: int
    height: int
    plates: tuple[str, ...]
    data: bytes

    def as_dict(self) -> dict[str, Any]:
        """What a page needs to know of it."""
        shown = asdict(self)
        del shown["data"]
        return {**shown, "plates": list(self.plates)}


def prepared(uploaded: bytes) -> Logo:
    """A logo made of a PNG, JPEG, WebP or GIF: upright, without its empty margin, at most 180 × 48 CSS px and 6 KB.

    Raises:
        InvalidInputError: it is no such picture, or too large, or too small to be seen.
    """
    picture = _trimmed(_opened(uploaded))
    if min(picture.size) < LEAST_SIDE:
        raise InvalidInputError(f"This picture is too small: a logo needs {LEAST_SIDE} pixels at least.", "logo")
    most = tuple(side * DENSITY for side in SHOWN)
    picture.thumbnail((most[0], most[1]), Image.Resampling.LANCZOS)
    data = _small(picture)
    width, height = (max(1, round(side / DENSITY)) for side in picture.size)
    return Logo(hashlib.sha256(data).hexdigest()[:16], width, height, plates(picture), data)


def plates(picture: Image.Image) -> tuple[str, ...]:
    """The themes on whose grounds too little of a picture (RGBA) can be seen."""
    sample = picture.copy()
    sample.thumbnail((_SAMPLE, _SAMPLE))
    pixels = Counter(zip(*[iter(sample.tobytes())] * 4, strict=True))
    seen = [
        (count, f"#{red:02x}{green:02x}{blue:02x}")
        for (red, green, blue, alpha), count in pixels.items()
        if alpha >= _OPAQUE
    ]
    return tuple(
        name for name, grounds in (("light", LIGHT_GROUNDS), ("dark", DARK_GROUNDS)) if _visible(seen, grounds) < ENOUGH
    )


def _visible(seen: list[tuple[int, str]], grounds: tuple[str, ...]) -> float:
    """How much of the painted pixels stands out from all of the grounds, 0…1."""
    whole = sum(count for count, _ in seen)
    clear = sum(count for count, colour in seen if all(contrast(colour, ground) >= VISIBLE for ground in grounds))
    return clear / whole if whole else 0.0


def _opened(uploaded: bytes) -> Image.Image:
    if len(uploaded) > MOST_BYTES:
        raise InvalidInputError(f"This file is too large: {MOST_BYTES // 1024 // 1024} MB are the most.", "logo")
    try:
        with Image.open(BytesIO(uploaded), formats=_FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise InvalidInputError("This picture has too many pixels. Save it smaller, and try again.", "logo")
            return ImageOps.exif_transpose(found).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise InvalidInputError("This is not a picture we can read. Choose a PNG, JPEG, WebP or GIF.", "logo") from None


def _trimmed(picture: Image.Image) -> Image.Image:
    painted = picture.getchannel("A").getbbox()
    if painted is None:
        raise InvalidInputError("There is nothing to see in this picture: all of it is transparent.", "logo")
    return picture.crop(painted)


def _small(picture: Image.Image) -> bytes:
    """The picture as PNG: in all its colours if they are light enough to send, else in fewer, else coarser."""
    data = _png(picture)
    for scale, colours in ((1, 256), (1, 64), (DENSITY, 256), (DENSITY, 32)):
        if len(data) <= LIGHT_BYTES:
            break
        coarse = picture.resize((max(1, picture.width // scale), max(1, picture.height // scale)))
        data = _png(coarse.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE))
    return data


def _png(picture: Image.Image) -> bytes:
    made = BytesIO()
    picture.save(made, "PNG", optimize=True)
    return made.getvalue()
