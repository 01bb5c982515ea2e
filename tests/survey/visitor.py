"""Reads a page as a browser does, without looking: its forms, its words, and what is wrong with its HTML."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from typing_extensions import override

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
SVG = frozenset({"svg", "path", "circle", "rect"})
PHRASING_ONLY = frozenset({"p", "h1", "h2", "h3", "label", "button", "span", "a", "b", "summary", "dt"})
BLOCKS = frozenset(
    {"address", "blockquote", "dd", "details", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2", "h3"}
    | {"header", "li", "main", "nav", "ol", "p", "section", "ul"}
)
NEVER_WITHIN_ITSELF = frozenset({"a", "button", "form", "label"})
REFERENCES = ("for", "aria-labelledby", "aria-describedby")


@dataclass
class Form:
    """A form and what can be done with it; each control is its name with the values it can have."""

    action: str
    keeps: str | None = None
    hidden: list[tuple[str, str]] = field(default_factory=list)
    radios: dict[str, list[str]] = field(default_factory=dict)
    boxes: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page that was read. `problems` is empty where its HTML is well formed and its parts belong together."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.problems: list[str] = []
        self.text = ""
        self.scripts: list[str | None] = []
        self._open: list[str] = []
        self._ids: Counter[str] = Counter()
        self._named: list[tuple[str, str]] = []
        self._area: str | None = None
        self.feed(html)
        self.close()
        self._finish()

    @property
    def form(self) -> Form:
        """The form of the page's question."""
        return next(form for form in self.forms if not form.action.endswith("/fixed"))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if len(found) < len(attrs):
            self.problems.append(f"<{tag}> has an attribute twice: {attrs}")
        if any(name == "style" or name.startswith("on") for name in found):
            self.problems.append(f"<{tag}> has a script or a style of its own: {attrs}")
        if tag in BLOCKS and (inside := PHRASING_ONLY & set(self._open)):
            self.problems.append(f"<{tag}> inside {sorted(inside)}")
        if tag in NEVER_WITHIN_ITSELF and tag in self._open:
            self.problems.append(f"<{tag}> inside itself")
        self._ids.update([one] if (one := found.get("id")) else [])
        for name in REFERENCES:
            self._named += [(name, one) for one in (found.get(name) or "").split()]
        if (target := found.get("href") or "").startswith("#"):
            self._named.append(("href", target[1:]))
        if tag == "form":
            self.forms.append(Form(found.get("action") or "", found.get("data-keep")))
        elif "form" in self._open:
            self._control(tag, {name: value or "" for name, value in found.items()})
        if tag == "script":
            self.scripts.append(found.get("src"))
        if tag not in VOID:
            self._open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            if tag not in SVG:
                self.problems.append(f"<{tag} /> is no empty element")
            self._open.pop()

    @override
    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self._open[-1:] or 'nothing'}")
        else:
            self._open.pop()
        if tag == "textarea":
            self._area = None

    @override
    def handle_data(self, data: str) -> None:
        self.text += data
        if self._area is not None:
            self.forms[-1].texts[self._area] += data.removeprefix("\n")

    def _control(self, tag: str, found: dict[str, str]) -> None:
        name, value, kind = found.get("name", ""), found.get("value", ""), found.get("type", "")
        if tag == "textarea":
            self._area = name
            self.forms[-1].texts[name] = ""
        elif tag == "button":
            self.forms[-1].buttons.append((name, value))
        elif tag == "input" and kind == "hidden":
            self.forms[-1].hidden.append((name, value))
        elif tag == "input" and kind == "radio":
            self.forms[-1].radios.setdefault(name, []).append(value)
        elif tag == "input" and kind == "checkbox":
            self.forms[-1].boxes.setdefault(name, []).append(value)
        elif tag == "input":
            self.forms[-1].texts[name] = value

    def _finish(self) -> None:
        self.problems += [f"<{tag}> is never closed" for tag in self._open]
        self.problems += [f"the id {one!r} is there {times} times" for one, times in self._ids.items() if times > 1]
        self.problems += [f"{name}={one!r} names nothing" for name, one in self._named if one not in self._ids]
