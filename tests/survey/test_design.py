"""The design system keeps its promises: vendored files are what they claim, both themes can be read, icons exist."""

import hashlib
import json
import re
from itertools import product

import pytest

from survey.colours import contrast
from survey.config import ROOT

STATIC = ROOT / "static"
LOCK = json.loads((STATIC / "vendor" / "vendor.lock.json").read_text())
TOKENS = (STATIC / "css" / "tokens.css").read_text()
TEXTS = ("text", "text-2", "text-3", "accent", "accent-2", "danger", "warning", "good", "info")
SURFACES = ("bg", "surface", "surface-2", "surface-3")
READABLE, VISIBLE = 4.5, 3.0  # WCAG 2.2: 1.4.3 text, 1.4.11 borders of controls


def block(start: str) -> dict[str, str]:
    """The custom properties of the first rule whose selector is `start`."""
    body = TOKENS.split(start, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", body))


LIGHT = block(':root,\n[data-bs-theme="light"] {')
DARK = block('[data-bs-theme="dark"] {')
SYSTEM_DARK = block(':root:not([data-bs-theme="light"]) {')


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["file"])
def test_every_vendored_file_is_the_one_of_the_lock(entry: dict[str, str]) -> None:
    """A vendored file has the hash, the version and the licence that the lock file names."""
    assert hashlib.sha256((STATIC / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["name"]
    assert entry["version"]
    assert entry["licence"]


def test_nothing_is_vendored_without_an_entry() -> None:
    """Every file under static/vendor is in the lock, or is a licence text."""
    listed = {entry["file"] for entry in LOCK}
    found = {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").rglob("*") if path.is_file()}
    assert {name for name in found if not name.endswith(("LICENSE", "vendor.lock.json"))} <= listed


def test_dark_is_the_same_whether_chosen_or_taken_from_the_system() -> None:
    """The two dark blocks of tokens.css are the same list, and name what the light one names."""
    assert DARK == SYSTEM_DARK
    assert DARK.keys() == LIGHT.keys()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_surface(theme: dict[str, str]) -> None:
    """Every text colour has a contrast of 4.5 on every surface and on its own soft ground."""
    pairs = [*product(TEXTS, SURFACES), *((tone, f"{tone}-soft") for tone in TEXTS if f"{tone}-soft" in theme)]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-hover"), ("text", "mark")]
    weak = {pair: contrast(theme[pair[0]], theme[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in weak.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_controls_and_focus_can_be_seen(theme: dict[str, str]) -> None:
    """Borders of controls and the focus ring have a contrast of 3 on every surface they stand on."""
    for line, surface in product(("line-strong", "focus"), ("bg", "surface", "surface-2")):
        assert contrast(theme[line], theme[surface]) >= VISIBLE, (line, surface)


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    """A template cannot ask for a symbol that is not there."""
    symbols = set(re.findall(r'id="i-([\w-]+)"', (STATIC / "img" / "icons.svg").read_text()))
    named = set()
    for path in (ROOT / "templates").rglob("*.html"):
        named |= set(re.findall(r'\bicon\("([\w-]+)"', path.read_text()))
    assert named - symbols == set()


def test_no_template_of_the_desk_carries_inline_script_or_style() -> None:
    """The Content-Security-Policy forbids them, so that they would only break the page."""
    for path in (*(ROOT / "templates" / "desk").rglob("*.html"), *(ROOT / "templates" / "macros").rglob("*.html")):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|<script>|hx-on|\"js:", text), path.name
