"""Who opened a survey's link: a person, or a machine that opens every link of an email. Pure."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

# Mail scanners, link previews and libraries that say who they are. https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
_MACHINES = re.compile(
    r"bot\b|crawler|spider|scanner|preview|proxy|headless|curl/|wget/|python|java/|okhttp|go-http|libwww|node-fetch|axios"
    r"|barracuda|proofpoint|mimecast|safelinks|bitdefender|forcepoint|fireeye|symantec|trend ?micro|sophos|ironport"
    r"|slack|whatsapp/|telegram|facebookexternalhit|skypeuri",
    re.IGNORECASE,
)
_SENDS_FETCH_METADATA = re.compile(r"(?:Chrome|Firefox|Edg)/(?:9\d|\d{3})")
AT_ONCE = timedelta(minutes=2)  # after sending: nobody reads so fast by habit, and a scanner looks on arrival


def is_person(user_agent: str, details: Mapping[str, Any], after: timedelta | None = None) -> bool:
    """Whether a visit looks like a person's: its User-Agent and what `views.respond` noted, `after` the sending.

    A machine says so, or asks for the head alone, or fetches ahead, or fetches otherwise than by navigating (W3C Fetch
    Metadata Request Headers, §2). One that calls itself a new browser and sends no fetch metadata is believed to be one
    only from AT_ONCE on: over plain HTTP browsers send none either.
    """
    fetch: Mapping[str, Any] = details.get("fetch") or {}
    if not user_agent.strip() or _MACHINES.search(user_agent) or details.get("method") == "HEAD":
        return False
    if "prefetch" in f"{fetch.get('Sec-Purpose', '')} {fetch.get('Purpose', '')}".lower():
        return False
    if fetch.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    silent = "Sec-Fetch-Mode" not in fetch and _SENDS_FETCH_METADATA.search(user_agent)
    return not (silent and after is not None and after < AT_ONCE)
