"""The terms in which asking is decided: what is known, the firm's policy, a rule's verdict, what they come to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from survey.asking.rotation import Turn
from survey.sampling import ALL, EVERY_OTHER_KIND


class Outcome(StrEnum):
    """What the verdicts come to."""

    ASK = "ask"
    HOLD = "hold"  # wait: the client is being looked after; asked again when that is over
    SKIP = "skip"  # never


@dataclass(frozen=True)
class Verdict:
    """One rule's answer. `passed` means that the rule does not stand in the way; `why` is one plain sentence."""

    rule: str
    passed: bool
    why: str

    def as_dict(self) -> dict[str, str | bool]:
        return {"rule": self.rule, "passed": self.passed, "why": self.why}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The firm's settings that the rules read."""

    excluded_kinds: frozenset[str] = frozenset()  # case-folded
    delay_hours: int = 24
    kind_delays: Mapping[str, int] = field(default_factory=dict)  # kind, case-folded → hours of its own
    expire_after_days: int = 7
    contact_rest_days: int = 30
    client_budget: int = 4
    client_budget_days: int = 30
    hold_while_hurting: bool = True
    shares: Mapping[str, int] = field(default_factory=dict)  # kind, case-folded ("": every other) → per cent asked
    zone: tzinfo = UTC  # in which dates are written out

    def delay_for(self, kind: str) -> int:
        """The hours to wait after closing a job of this kind."""
        return self.kind_delays.get(kind.casefold(), self.delay_hours)

    def share_for(self, kind: str) -> int:
        """How many per cent of the jobs of this kind are asked about."""
        return self.shares.get(kind.casefold(), self.shares.get(EVERY_OTHER_KIND, ALL))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known about one resolution, its contact and its client when the rules are asked."""

    completed_at: datetime
    first_due_at: datetime | None = None  # by the schedule; closed days may put it long after the delay
    reopened_at: datetime | None = None
    kind: str = ""
    draw: int = 0  # by survey.sampling.draw, 0 … 99
    exclusion: str | None = None  # a value of survey.models.Exclusion
    internal_client: bool = False
    client_name: str = ""
    contact_name: str = ""
    email: str = ""
    left_at: datetime | None = None
    wrong_at: datetime | None = None  # since when they are known as the wrong one to ask
    mail_block: str | None = None  # a value of survey.models.MailBlock
    mail_blocked_at: datetime | None = None
    last_asked_at: datetime | None = None  # the newest other survey to this address, whoever's contact it is
    asks_less: bool = False  # they want to be asked at most once a quarter
    client_asked: tuple[datetime, ...] = field(default=())  # when other surveys went to this client
    client_asked_whom: tuple[int, ...] = field(default=())  # the contacts that they went to, in the same order
    asking: Turn = field(default=Turn(0))
    client_waiting: tuple[Turn, ...] = field(default=())  # the client's other contacts with a survey that waits
    client_deciders: tuple[Turn, ...] = field(default=())  # the client's decision-makers whom a survey can reach
    held_at: datetime | None = None
    held_reason: str = ""
    answered_at: datetime | None = None

    @property
    def person(self) -> str:
        return self.contact_name or self.email or "The contact"


@dataclass(frozen=True)
class Decision:
    """The verdicts in the order of the rules, what they come to, and the reason in one line."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    reason: str
