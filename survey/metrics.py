"""Numbers for Prometheus, read from the tables at scrape time: the same from every process, and right after a restart.

Durations of requests are in the log; a histogram per process would add up wrongly over several web processes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from typing_extensions import override

from survey.heartbeat import WORKER, last_beat
from survey.models import Invitation, InvitationState, SurveyResponse


@dataclass(frozen=True)
class Gauge:
    """One number, or one number for each value of `label`."""

    name: str
    help: str
    values: Mapping[str, float]  # label value → number; {"": number} when there is no label
    label: str = ""


Counter = Callable[[Session, datetime], Iterable[Gauge]]


class StoryCollector(Collector):
    """Hands the gauges of every package to prometheus_client."""

    def __init__(self, session: Session, now: datetime, counters: Sequence[Counter]) -> None:
        self._session, self._now, self._counters = session, now, counters

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for counter in self._counters:
            for gauge in counter(self._session, self._now):
                family = GaugeMetricFamily(
                    f"clientele_{gauge.name}", gauge.help, labels=[gauge.label] if gauge.label else None
                )
                for value, number in gauge.values.items():
                    family.add_metric([value] if gauge.label else [], number)
                yield family


def count_survey(session: Session, now: datetime) -> Iterator[Gauge]:
    """Invitations by state, answers received, the worker's silence."""
    by_state = dict(session.execute(select(Invitation.state, func.count()).group_by(Invitation.state)).all())
    yield Gauge(
        "invitations", "Invitations by state", {s.value: by_state.get(s, 0) for s in InvitationState}, label="state"
    )
    responses = session.scalar(select(func.count()).select_from(SurveyResponse)) or 0
    yield Gauge("responses", "Survey responses kept", {"": responses})
    due = session.scalar(
        select(func.min(Invitation.due_at)).where(
            Invitation.state == InvitationState.SCHEDULED, Invitation.due_at <= now
        )
    )
    yield Gauge(
        "oldest_due_invitation_seconds",
        "How long the oldest scheduled invitation has been due",
        {"": (now - due).total_seconds() if due else 0.0},
    )
    beat = last_beat(session, WORKER)
    if beat:
        yield Gauge(
            "worker_heartbeat_seconds", "Seconds since the worker's last beat", {"": (now - beat).total_seconds()}
        )
