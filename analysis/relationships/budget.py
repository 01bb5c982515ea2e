"""Whom to call this week: what each owner can truly work, in the order of what is at stake. Pure; the rule is ours.

A week has room for so many calls. What cannot wait comes first, whether there is room or not, and takes room; then what
somebody has taken on already; then the rest by severity and by what is at stake, until the week is full. What does not
fit waits in the same order, and is shown: nothing is hidden. Flags of nobody are in nobody's week.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

_RANK = {"severe": 0, "high": 1, "moderate": 2}


class Place(StrEnum):
    """Where a flag stands on the morning's list, from the top."""

    FIRST = "first"  # cannot wait, whoever looks after it
    WEEK = "week"
    NOBODY = "nobody"  # without an owner
    WAITING = "waiting"


@dataclass(frozen=True)
class Call:
    """One live flag. `at_stake`: the value a year that would be lost, times the chance of it."""

    flag_id: int
    owner_id: int | None
    severity: str
    at_stake: float
    risk: float
    taken: bool  # somebody has said that they are on it
    cannot_wait: bool


@dataclass(frozen=True)
class Room:
    """One owner's week: `budget` calls, of which `worked` have been brought to an end already."""

    budget: int
    worked: int = 0


@dataclass(frozen=True)
class Load:
    """What the plan makes of one owner's week: calls on the list and calls that wait."""

    room: Room
    listed: int
    waiting: int

    @property
    def over(self) -> int:
        """How many more there are than there is room for, although none of them waits."""
        return max(0, self.room.worked + self.listed - self.room.budget)


@dataclass(frozen=True)
class Plan:
    """Every live flag in its place, in the order of the list; and each owner's week."""

    calls: tuple[tuple[Place, Call], ...]
    loads: Mapping[int, Load]


def cannot_wait(severity: str, reasons: Iterable[Mapping[str, Any]]) -> bool:
    """Severe ones (who says that they leave is), and danger or the law however severe."""
    return severity == "severe" or any(reason["signal"] == "safety_legal" for reason in reasons)


def plan(calls: Sequence[Call], rooms: Mapping[int, Room], usual: Room) -> Plan:
    """Every call in its place. `rooms` by owner; an owner who is not named has the `usual` one."""
    by_owner: dict[int, list[Call]] = defaultdict(list)
    places: dict[int, Place] = {}
    for call in sorted(calls, key=_urgent):
        if call.owner_id is not None:
            by_owner[call.owner_id].append(call)
        places[call.flag_id] = Place.FIRST if call.cannot_wait else Place.NOBODY
    loads = {}
    for owner_id, mine in by_owner.items():
        room = rooms.get(owner_id, usual)
        left = room.budget - room.worked - sum(call.cannot_wait for call in mine)
        for call in sorted(mine, key=lambda call: not call.taken):
            if call.cannot_wait:
                continue
            fits = call.taken or left > 0
            places[call.flag_id] = Place.WEEK if fits else Place.WAITING
            left -= fits
        waiting = sum(places[call.flag_id] is Place.WAITING for call in mine)
        loads[owner_id] = Load(room, len(mine) - waiting, waiting)
    order = list(Place)
    ranked = sorted(calls, key=lambda call: (order.index(places[call.flag_id]), *_urgent(call)))
    return Plan(tuple((places[call.flag_id], call) for call in ranked), loads)


def _urgent(call: Call) -> tuple[int, float, float, int]:
    return _RANK[call.severity], -call.at_stake, -call.risk, call.flag_id


def week_start(zone: str, now: datetime) -> datetime:
    """Monday 00:00 of this week in the firm's time zone."""
    local = now.astimezone(ZoneInfo(zone))
    monday = local.date() - timedelta(days=local.weekday())
    return datetime.combine(monday, time(), tzinfo=ZoneInfo(zone)).astimezone(now.tzinfo)
