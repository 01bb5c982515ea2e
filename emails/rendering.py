"""Templates of emails, their style put into the elements, and the firm's colour as an email needs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from survey import colours
from survey.config import ROOT

_templates = Environment(
    loader=FileSystemLoader(ROOT / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Look:
    """The firm's colour as an email needs it: a fill, the text on it, and the colour as text in both themes."""

    brand: str
    on_brand: str
    ink: str
    ink_dark: str


def look_of(colour: str) -> Look:
    """The firm's colour with its contrast mended (WCAG 2.2 AA)."""
    light, dark = colours.themes(colour)
    return Look(brand=light.brand, on_brand=light.on_brand, ink=light.ink, ink_dark=dark.ink)


def rendered_text(name: str, values: Mapping[str, Any]) -> str:
    """A plain template, without the blank lines that its blocks leave behind."""
    text = _render(name, values)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"


def rendered_html(name: str, values: Mapping[str, Any]) -> str:
    """An HTML template with every rule of its style sheet that an element can carry put into the element."""
    return _inliner.inline(_render(name, values))


def rendered_line(name: str, values: Mapping[str, Any]) -> str:
    """A template of one line."""
    return _render(name, values)


def _render(name: str, values: Mapping[str, Any]) -> str:
    return _templates.get_template(name).render(values)
