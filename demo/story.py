"""The demo firm's past as a list of dated scenes, made from `firm.toml`. Pure: the same day gives the same story.

A client's ordinary jobs follow its `rhythm` (days between jobs), their answers its `mood` (mean CSAT, 1…5) and its
habit of answering (`answers`, 0…1). `moments` are written by hand. `bad_days` are ordinary days on which the
work went wrong.
"""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from survey.jobs import JobRecord
from survey.models import Exclusion

SOURCE = "demo"
SURVEY_REST = timedelta(days=33)  # before a written scene nothing else is asked, so that its survey goes out
FIRM_FILE = Path(__file__).parent / "firm.toml"


@dataclass(frozen=True, kw_only=True)
class PlannedAnswer:
    """What the client will answer once the survey for this job has arrived."""

    after: timedelta  # from the sending of the survey
    answers: dict[str, int | str]
    steps: dict[str, int] = field(default_factory=dict)
    repair: dict[str, str] = field(default_factory=dict)  # instead of an answer: kind, words, name of a colleague
    promise_call: tuple[int, str] | None = None  # promised by (days after the answer), with a note


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Something that happens at a moment: a job is closed or reopened, or an address starts to bounce."""

    at: datetime
    record: JobRecord
    answer: PlannedAnswer | None = None
    reopened: bool = False
    bounced: bool = False


@dataclass(frozen=True)
class Story:
    """The whole demo firm, on one day."""

    firm: dict[str, Any]
    owners: list[dict[str, str]]
    clients: list[dict[str, Any]]
    scenes: list[Scene]
    rules: list[dict[str, Any]] = field(default_factory=list)  # edits of the ladder's rules
    referrals: list[dict[str, Any]] = field(default_factory=list)  # whom clients sent that are no clients yet
    contests: list[dict[str, Any]] = field(default_factory=list)  # ratings that somebody says should not count


def read_story(today: datetime) -> Story:
    """The story as of `today` (aware, UTC); scenes in order of time, none of them later than `today`."""
    book = tomllib.loads(FIRM_FILE.read_text("utf-8"))
    scenes = [scene for number, client in enumerate(book["clients"]) for scene in _scenes(book, client, number, today)]
    ordered = sorted((scene for scene in scenes if scene.at <= today), key=lambda scene: scene.at)
    told = (book["rules"], book["referrals"], book["contests"])
    return Story(book["firm"], book["people"]["owners"], book["clients"], ordered, *told)


def scene_id(client: dict[str, Any], ago: int) -> str:
    """The reference of the job of a written moment."""
    return f"{client_ref(client)}-scene-{ago}"


def slug(text: str) -> str:
    """A name as part of an address: lower case, words joined by a hyphen."""
    plain = text.lower().translate(str.maketrans("éèíìöüáàóúûçï", "eeiiouaaouuci"))
    return "-".join("".join(letter if letter.isascii() and letter.isalnum() else " " for letter in plain).split())


def client_ref(client: dict[str, Any]) -> str:
    """The demo client's reference."""
    return slug(client["name"])


def address(client: dict[str, Any], contact: dict[str, Any]) -> str:
    """The demo contact's address."""
    return f"{slug(contact['name']).replace('-', '.')}@{client_ref(client)}.example"


def _scenes(book: dict[str, Any], client: dict[str, Any], number: int, today: datetime) -> Iterator[Scene]:
    draw = random.Random(f"{number}/{client['name']}")  # noqa: S311  a story, not a secret
    moments = client.get("moments", [])
    for moment in moments:
        yield from _written(book, client, moment, today, draw)
    written = [moment["ago"] for moment in moments]
    answered = [moment["ago"] for moment in moments if "job" in moment]
    for count, ago in enumerate(_ordinary_days(client, written, draw)):
        bad = any(abs(ago - day) <= client["rhythm"] / 2 for day in client.get("bad_days", []))
        resting = any(0 < ago - day <= SURVEY_REST.days for day in answered)
        record = _record(book, client, f"{client_ref(client)}-{count + 1:03}", ago, today, draw, late=bad)
        if resting:
            record = _never_surveyed(record)
        answer = None if resting else _ordinary_answer(book, client, bad, draw)
        yield Scene(at=_closed(record), record=record, answer=answer)


def _ordinary_days(client: dict[str, Any], written: list[int], draw: random.Random) -> Iterator[int]:
    ago = float(client["since"])
    while ago > client.get("until", 1):
        quiet = any(end <= ago <= start for start, end in client.get("quiet", []))
        if not quiet and all(abs(ago - day) > 4 for day in written):
            yield int(ago)
        ago -= client["rhythm"] * draw.uniform(0.8, 1.2)


def _written(
    book: dict[str, Any], client: dict[str, Any], moment: dict[str, Any], today: datetime, draw: random.Random
) -> Iterator[Scene]:
    ago = moment["ago"]
    external_id = f"{client_ref(client)}-bounce-{ago}" if moment.get("bounce") else scene_id(client, ago)
    record = _record(book, client, external_id, ago, today, draw, late=moment.get("late", False), moment=moment)
    if moment.get("bounce"):
        yield Scene(at=_closed(record), record=record, bounced=True)
        return
    yield Scene(at=_closed(record), record=record, answer=_written_answer(moment))
    if "reopened" in moment:
        again = _moment_of_day(today, moment["reopened"], 9)
        yield Scene(at=again, record=record, reopened=True)
        second = _record(book, client, external_id, moment["reopened"] - 1, today, draw, late=True, moment=moment)
        yield Scene(at=_closed(second), record=second)


def _written_answer(moment: dict[str, Any]) -> PlannedAnswer | None:
    if "repair" in moment:
        return PlannedAnswer(after=timedelta(hours=2), answers={}, repair=moment["repair"])
    if moment.get("silent") or "csat" not in moment:
        return None
    answers: dict[str, int | str] = {key: moment[key] for key in ("csat", "nps", "comment", "about") if key in moment}
    answers |= {key: int(moment[key]) for key in ("would_return", "contact_me") if key in moment}
    steps = {key: {"yes": 1, "no": -1}.get(value, 0) for key, value in moment.get("steps", {}).items()}
    act = moment.get("act", {})
    call = (act["promise_call"], act["note"]) if "promise_call" in act else None
    return PlannedAnswer(after=timedelta(hours=2), answers=answers, steps=steps, promise_call=call)


def _ordinary_answer(
    book: dict[str, Any], client: dict[str, Any], bad: bool, draw: random.Random
) -> PlannedAnswer | None:
    if not bad and draw.random() > client["answers"]:
        return None
    csat = draw.choice([1, 2, 2]) if bad else max(2, min(5, round(draw.gauss(client["mood"], 0.45))))
    answers: dict[str, int | str] = {"csat": csat}
    if bad or draw.random() < 0.55:
        comment = answers["comment"] = draw.choice(book["comments"][str(csat)])
        if comment in book["about"]:
            answers["about"] = book["about"][comment]
    if draw.random() < 0.4:
        usual = {5: (9, 10), 4: (7, 8), 3: (5, 7), 2: (2, 5), 1: (0, 3)}[csat]
        answers["nps"] = client["nps"] if "nps" in client and csat == 5 else draw.randint(*usual)
    steps: dict[str, int] = {}
    if draw.random() < 0.45:
        keys = ("greeted", "told_next", "kept_informed", "done_as_agreed", "explained")
        missed = {"told_next", "kept_informed"} if bad else set()
        steps = {key: -1 if key in missed else 1 for key in keys}
    return PlannedAnswer(after=timedelta(hours=draw.uniform(1, 60)), answers=answers, steps=steps)


def _record(
    book: dict[str, Any],
    client: dict[str, Any],
    external_id: str,
    ago: int,
    today: datetime,
    draw: random.Random,
    *,
    late: bool,
    moment: dict[str, Any] | None = None,
) -> JobRecord:
    completed_at = _moment_of_day(today, ago, draw.choice([10, 11, 13, 14, 15]))
    opened_at = completed_at - timedelta(days=draw.randint(1, 4), hours=3)
    kind = (moment or {}).get("kind") or draw.choice(client["kinds"])
    contact = _contact_on(client, ago, draw)
    low, high = client["value"]
    return JobRecord(
        source=SOURCE,
        external_id=external_id,
        client=client["name"],
        client_ref=client_ref(client),
        contact_name=contact["name"],
        contact_email=address(client, contact),
        contact_role=contact["role"],
        contact_language="en",
        contact_timezone=contact["timezone"],
        kind=kind,
        summary=(moment or {}).get("job") or draw.choice(ORDINARY_JOBS[kind]),
        staff=_staff(book["people"]["staff"], draw, client.get("staff")),
        opened_at=opened_at,
        promised_at=completed_at + (timedelta(days=-3) if late else timedelta(hours=draw.randint(4, 40))),
        completed_at=completed_at,
        value=Decimal(draw.randint(low, high)),
        currency=book["firm"]["currency"],
    )


def _contact_on(client: dict[str, Any], ago: int, draw: random.Random) -> dict[str, Any]:
    there = [c for c in client["contacts"] if c.get("until", -1) < ago <= c.get("since", 10_000)]
    first = there[0]
    others = there[1:]
    chosen: dict[str, Any] = draw.choice(others) if others and draw.random() < 0.25 else first
    return chosen


def _staff(names: list[str], draw: random.Random, always: str | None) -> tuple[tuple[str, float], ...]:
    """`always`: the one who looks after this client alone; the drawing goes on as if there were none."""
    if draw.random() < 0.75:
        return ((always or draw.choice(names), 1.0),)
    lead, helper = draw.sample(names, 2)
    return ((always, 1.0),) if always else ((lead, 0.7), (helper, 0.3))


def _moment_of_day(today: datetime, ago: int, hour: int) -> datetime:
    day = (today - timedelta(days=ago)).date()
    return datetime.combine(day, time(hour), UTC)


def _closed(record: JobRecord) -> datetime:
    assert record.completed_at is not None
    return record.completed_at


def _never_surveyed(record: JobRecord) -> JobRecord:
    values = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return JobRecord(**{**values, "exclusion": Exclusion.AUTO_CLOSED})


ORDINARY_JOBS = {
    "Repair": ["Printer jams", "Laptop will not start", "Monitor replaced", "Server disk replaced", "Router replaced"],
    "Remote support": [
        "Email not arriving",
        "Password reset",
        "Backup report checked",
        "VPN slow",
        "Updates installed",
    ],
    "On-site visit": ["Monthly check", "Meeting room screen", "Wi-Fi in the back office", "New desk cabling"],
    "Installation": ["New workstation", "Network switch", "Security camera recorder", "Phone system extension"],
    "Migration": ["Mailbox move", "File server to the cloud", "Calendar move"],
    "Onboarding": ["New colleague set up", "Accounts and laptop", "Welcome session"],
}
