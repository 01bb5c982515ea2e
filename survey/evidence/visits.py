"""Who was seen on a survey's link: a person, a machine that opens every link of an email, or nobody can say. Pure.

A visit is judged by what is kept of it and by what else the same visitor did, so the same evidence always gives the
same verdict, and what a visitor does later counts for its earlier visits. Without cookies a visitor is its User-Agent.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any


class AgentClass(StrEnum):
    """What a User-Agent says that it is."""

    BROWSER = "browser"
    HEADLESS = "headless browser"
    SCANNER = "mail scanner or robot"
    PREVIEW = "link preview"
    SCRIPT = "script"
    NAMELESS = "nameless"


class Kind(StrEnum):
    """What a visit looks like."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Verdict:
    """What a visit looks like, and why, in sentences."""

    kind: Kind
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "reasons": list(self.reasons)}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One piece of evidence: an opening, a page shown, the trap, a press of the button.

    `details` is what `survey.evidence` kept: `method`, `fetch` (headers), `offered` (question → value of the link) and
    `after` (seconds since the latest email). `times`: how many visits it stands for.
    """

    kind: str  # a value of SurveyEventKind
    at: datetime
    user_agent: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1

    @property
    def fetch(self) -> Mapping[str, Any]:
        return self.details.get("fetch") or {}

    @property
    def offered(self) -> frozenset[tuple[str, int]]:
        return frozenset((self.details.get("offered") or {}).items())

    @property
    def agent(self) -> AgentClass:
        return agent_class(self.user_agent)


OPENED, TRAPPED = "opened", "trapped"
AT_ONCE = timedelta(minutes=2)  # after sending: nobody reads so fast by habit, and a scanner looks on arrival
ON_ARRIVAL = timedelta(seconds=5)  # after sending: the email is hardly there
TOGETHER = timedelta(minutes=1)  # in which nobody chooses two ratings
SWEEP = 3  # different ratings in TOGETHER, whoever fetched them: a scanner that changes its name
SAME_VISIT = timedelta(hours=1)  # in which what a visitor did speaks against its press of the button
TOO_FAST = 2.0  # seconds from the page to the press
MOST_VISITS = 100  # of one visitor
LONGEST_NAME = 60

# Mail scanners, link previews and libraries that say who they are. https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
_NAMED = (
    (AgentClass.HEADLESS, re.compile(r"headless|phantomjs|puppeteer|playwright", re.IGNORECASE)),
    (
        AgentClass.SCANNER,
        re.compile(
            r"bot\b|crawler|spider|scanner|proxy|barracuda|proofpoint|mimecast|safelinks|bitdefender|forcepoint"
            r"|fireeye|symantec|trend ?micro|sophos|ironport",
            re.IGNORECASE,
        ),
    ),
    (AgentClass.PREVIEW, re.compile(r"preview|slack|whatsapp/|telegram|facebookexternalhit|skypeuri", re.IGNORECASE)),
    (
        AgentClass.SCRIPT,
        re.compile(r"curl/|wget/|python|java/|okhttp|go-http|libwww|node-fetch|axios|werkzeug", re.IGNORECASE),
    ),
)
_SENDS_FETCH_METADATA = re.compile(r"(?:Chrome|Firefox|Edg)/(?:9\d|\d{3})")


@lru_cache(maxsize=4_096)
def agent_class(user_agent: str) -> AgentClass:
    """What the User-Agent says that it is."""
    if not user_agent.strip():
        return AgentClass.NAMELESS
    return next((kind for kind, pattern in _NAMED if pattern.search(user_agent)), AgentClass.BROWSER)


def own_name(user_agent: str) -> str:
    """The word by which a User-Agent gives itself away: "HeadlessChrome/126.0", "Barracuda"; else its beginning."""
    for word in re.findall(r"[^\s;(),]+", user_agent):
        if any(pattern.search(word) for _, pattern in _NAMED):
            return str(word)[:LONGEST_NAME]
    return user_agent[:LONGEST_NAME]


def is_person(user_agent: str, details: Mapping[str, Any], after: timedelta | None = None) -> bool:
    """Whether one visit, looked at alone, may be a person's, `after` the sending.

    A machine says so, or asks for the head alone, or fetches ahead, or fetches otherwise than by navigating (W3C Fetch
    Metadata Request Headers, §2). One that calls itself a new browser and sends no fetch metadata is believed to be one
    only from AT_ONCE on: over plain HTTP browsers send none either.
    """
    return not _signs(user_agent, details, after)


def judge(visits: Sequence[Visit], sent: Iterable[datetime | None] = ()) -> list[Verdict]:
    """The verdict on each of one link's visits, in their order. `sent`: when its emails were sent or arrived."""
    moments = [moment for moment in sent if moment]
    shared = visitors_signs(visits)
    return [_verdict(visit, _after(visit, moments), shared.get(visit.user_agent, ())) for visit in visits]


def person_seen(visits: Sequence[Visit], sent: Iterable[datetime | None] = ()) -> bool:
    """Whether any visit may have been a person's."""
    return any(verdict.kind is not Kind.MACHINE for verdict in judge(visits, sent))


def _verdict(visit: Visit, after: timedelta | None, shared: Sequence[str]) -> Verdict:
    against = (*_signs(visit.user_agent, visit.details, after), *shared)
    if against:
        return Verdict(Kind.MACHINE, tuple(dict.fromkeys(against)))
    when = f", {_long(after)} after the email" if after is not None else ""
    if visit.fetch.get("Sec-Fetch-User") == "?1":
        return Verdict(Kind.PERSON, (f"A browser opened it because somebody clicked{when}.",))
    if "Sec-Fetch-Mode" in visit.fetch:
        return Verdict(Kind.UNSURE, (f"A browser opened it, without saying that somebody clicked{when}.",))
    return Verdict(Kind.PERSON, (f"A browser opened it{when}; it is one that sends no fetch headers, or not here.",))


def _signs(user_agent: str, details: Mapping[str, Any], after: timedelta | None) -> list[str]:
    """What in one visit, looked at alone, says that it was a machine's."""
    fetch: Mapping[str, Any] = details.get("fetch") or {}
    agent, found = agent_class(user_agent), []
    if agent is AgentClass.NAMELESS:
        found.append("It does not say what it is.")
    elif agent is not AgentClass.BROWSER:
        found.append(f"It calls itself a {agent.value} ({own_name(user_agent)}).")
    if details.get("method") == "HEAD":
        found.append("It asked whether the page is there (HEAD), not for the page.")
    if "prefetch" in f"{fetch.get('Sec-Purpose', '')} {fetch.get('Purpose', '')}".lower():
        found.append("It fetched the page ahead, before anybody chose it.")
    if (mode := fetch.get("Sec-Fetch-Mode", "navigate")) != "navigate":
        found.append(f"It fetched the page without opening it (Sec-Fetch-Mode: {mode}).")
    if after is not None and after < ON_ARRIVAL:
        found.append(f"It came {_long(after)} after the email was sent.")
    elif "Sec-Fetch-Mode" not in fetch and _SENDS_FETCH_METADATA.search(user_agent) and after and after < AT_ONCE:
        found.append(f"It came {_long(after)} after the email, without the headers that such a browser sends.")
    return found


def visitors_signs(visits: Iterable[Visit]) -> dict[str, tuple[str, ...]]:
    """What all visits of one link together say against a visitor, by its User-Agent."""
    by_visitor: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_visitor[visit.user_agent].append(visit)
    sweeping = _sweepers([visit for own in by_visitor.values() for visit in own])
    found = {}
    for visitor, own in by_visitor.items():
        against = []
        if any(visit.kind == TRAPPED for visit in own):
            against.append("It followed the link that no person can see.")
        if pair := _together(own):
            against.append(f"It fetched two ratings within a minute: {pair}.")
        elif visitor in sweeping:
            against.append(f"{SWEEP} ratings or more were fetched within a minute, under several names.")
        if (times := sum(visit.times for visit in own)) > MOST_VISITS:
            against.append(f"It came {times:,} times.")
        if against:
            found[visitor] = tuple(against)
    return found


def _openings(visits: Iterable[Visit]) -> list[Visit]:
    return sorted((visit for visit in visits if visit.kind == OPENED and visit.offered), key=lambda visit: visit.at)


def _together(visits: Iterable[Visit]) -> str:
    """Two different ratings that were fetched within TOGETHER, as words; "" if there are none."""
    openings = _openings(visits)
    for former, latter in pairwise(openings):
        if former.offered != latter.offered and latter.at - former.at < TOGETHER:
            return " and ".join(str(value) for visit in (former, latter) for _, value in sorted(visit.offered))
    return ""


def _sweepers(visits: Iterable[Visit]) -> set[str]:
    """The visitors among whom SWEEP different ratings were fetched within TOGETHER."""
    openings, found, first = _openings(visits), set(), 0
    for last, visit in enumerate(openings):
        while visit.at - openings[first].at >= TOGETHER:
            first += 1
        near = openings[first : last + 1]
        if len({opening.offered for opening in near}) >= SWEEP:
            found |= {opening.user_agent for opening in near}
    return found


def _after(visit: Visit, moments: Sequence[datetime]) -> timedelta | None:
    """Since the latest email before the visit: as it was kept, else as it follows from `moments`."""
    if (kept := visit.details.get("after")) is not None:
        return timedelta(seconds=kept)
    earlier = [moment for moment in moments if moment <= visit.at]
    return visit.at - max(earlier) if earlier else None


def _long(time: timedelta) -> str:
    """`3 seconds`, `5 minutes`, `2 hours`, `4 days`."""
    seconds = int(time.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            return f"{seconds // size} {unit}{'' if seconds // size == 1 else 's'}"
    return "at once, less than a second"
