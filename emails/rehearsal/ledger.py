"""What the provider took, person by person: the truth against which the engine is checked."""

import re
import threading
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emails.senders.base import fill

_CONDITION = re.compile(r'(\w+)\s*(>=|<=|>|<|=)\s*(?:TIMESTAMP\s+)?"([^"]*)"')


class BadQueryError(ValueError):
    """A query that the log does not understand."""


@dataclass(frozen=True, slots=True)
class SentMail:
    """One personalization that was taken, as its recipient gets it."""

    message_id: str
    at: datetime
    person: Mapping[str, Any]
    payload: Mapping[str, Any]

    @property
    def to(self) -> str:
        return str(self.person["to"][0]["email"])

    @property
    def subject(self) -> str:
        return self._filled(self.person.get("subject") or self.payload.get("subject") or "")

    @property
    def attempt_id(self) -> str:
        return str(self.person.get("custom_args", {}).get("attempt_id", ""))

    @property
    def headers(self) -> dict[str, str]:
        return {**self.payload.get("headers", {}), **self.person.get("headers", {})}

    @property
    def reply_to(self) -> str:
        return self._filled(self.payload.get("reply_to", {}).get("email", ""))

    @property
    def text(self) -> str:
        return self._part("text/plain")

    @property
    def html(self) -> str:
        return self._part("text/html")

    def _part(self, kind: str) -> str:
        return self._filled("".join(part["value"] for part in self.payload["content"] if part["type"] == kind))

    def _filled(self, text: str) -> str:
        return fill(text, self.person.get("substitutions", {}))


class Ledger:
    """Every mail that was taken. Threads may share it."""

    def __init__(self, *, keep: bool = True) -> None:
        self.mails: list[SentMail] = []
        self.taken = 0
        self._keep = keep
        self._lock = threading.Lock()

    def take(self, payload: Mapping[str, Any], at: datetime) -> str:
        """Take a checked request. Returns the X-Message-Id."""
        message_id = uuid.uuid4().hex[:22]
        people = payload["personalizations"]
        with self._lock:
            self.taken += len(people)
            if self._keep:
                self.mails += [
                    SentMail(f"{message_id}.{number}", at, person, payload) for number, person in enumerate(people)
                ]
        return message_id

    def copies(self) -> Counter[str]:
        """How many times each address was taken."""
        with self._lock:
            return Counter(mail.to for mail in self.mails)

    def find(self, query: str, limit: int) -> Sequence[SentMail]:
        """The mails that a query of the log names, the newest first.

        Raises:
            BadQueryError: it uses more than `to_email`, `sg_message_id_created_at` and AND.
        """
        conditions = [*_CONDITION.finditer(query)]
        rest = _CONDITION.sub("", query).replace("AND", "").strip()
        if rest or not conditions:
            raise BadQueryError(query)
        with self._lock:
            found = [mail for mail in self.mails if all(_holds(mail, *match.groups()) for match in conditions)]
        return sorted(found, key=lambda mail: mail.at, reverse=True)[:limit]

    def get(self, message_id: str) -> SentMail | None:
        """One mail by its sg_message_id."""
        with self._lock:
            return next((mail for mail in self.mails if mail.message_id == message_id), None)


def _holds(mail: SentMail, name: str, operator: str, value: str) -> bool:
    if name == "to_email" and operator == "=":
        return mail.to.lower() == value.lower()
    if name == "sg_message_id_created_at" and operator != "=":
        moment = datetime.fromisoformat(value)
        return {">=": mail.at >= moment, "<=": mail.at <= moment, ">": mail.at > moment, "<": mail.at < moment}[
            operator
        ]
    raise BadQueryError(name)
