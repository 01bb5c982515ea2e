"""A reply's HTML as plain text, without what mail programs mark as quoted history or signature. Pure."""

import re
from html.parser import HTMLParser

from typing_extensions import override

CUT = "_" * 32  # as Outlook draws it in plain text: what follows is history (`emails.replies.stripping`)

_LONGEST = 500_000  # characters of HTML that are looked at
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "wbr"})
_UNSEEN = frozenset({"head", "style", "script", "title", "template", "noscript", "svg", "object"})
_BLOCKS = frozenset({"p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "pre"})
_QUOTED = re.compile(
    r"\b(gmail_quote|gmail_attr|gmail_signature|yahoo_quoted|protonmail_quote|protonmail_signature_block|"
    r"moz-cite-prefix|moz-signature|moz-forward-container|zmail_extra|ms-outlook-mobile-signature|"
    r"mail-editor-reference-message-container|WordSection1Quoted|tutanota_quote)\b",
    re.IGNORECASE,
)
_QUOTED_IDS = frozenset({
    "signature", "ms-outlook-mobile-signature", "applemailsignature", "olk_src_body_section", "isforwardcontent",
    "mail-editor-reference-message-container", "yahoo_quoted", "replyblockquote", "oriMsgHtmlSeperator".lower(),
})  # fmt: skip
_HISTORY_FOLLOWS = frozenset({"divrplyfwdmsg", "appendonsend", "x_divrplyfwdmsg", "stopspelling"})
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open: list[tuple[str, bool]] = []  # the elements around the place, and whether each hides what is in it
        self._hidden = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        identity = values.get("id", "").lower()
        if identity == "linebreakatbeginningofsignature":
            self._say("\n-- \n")
        if identity in _HISTORY_FOLLOWS:
            self._say(f"\n{CUT}\n")
        if tag == "br" or tag in _BLOCKS:
            self._say("\n")
        if tag == "hr":
            self._say("\n\n")
        if tag in _VOID:
            return
        hides = (
            tag in _UNSEEN
            or (tag == "blockquote" and (values.get("type", "") == "cite" or "cite" in values))
            or bool(_QUOTED.search(values.get("class", "")))
            or identity in _QUOTED_IDS
            or bool(_HIDDEN.search(values.get("style", "")))
        )
        self._open.append((tag, hides))
        self._hidden += hides

    @override
    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _ in self._open):
            return
        while self._open:
            name, hides = self._open.pop()
            self._hidden -= hides
            if name == tag:
                break
        if tag in _BLOCKS:
            self._say("\n")

    @override
    def handle_data(self, data: str) -> None:
        self._say(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _say(self, text: str) -> None:
        if not self._hidden:
            self.parts.append(text)


def as_text(html: str) -> str:
    """What a person sees of `html`, line by line, without its quoted parts."""
    reader = _Reader()
    reader.feed(html[:_LONGEST])
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
