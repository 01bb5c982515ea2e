"""Invitations and verdicts as the terminal and as JSON show them."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from survey.asking.terms import Verdict
from survey.evidence.records import Line
from survey.models import Invitation, Job, Resolution

FILE_WIDTH = 200  # a pipe has no width; cutting cells there would lose what is looked for


def invitation_fields(invitation: Invitation) -> dict[str, Any]:
    """One invitation as `--json` prints it; moments in ISO 8601, UTC."""
    job = invitation.resolution.job
    return {
        "id": invitation.id,
        "source": job.source,
        "external_id": job.external_id,
        "sequence": invitation.resolution.sequence,
        "client": invitation.client.name,
        "client_ref": invitation.client.ref,
        "contact_email": invitation.contact.email,
        "state": invitation.state.value,
        "reason": invitation.reason,
        "due_at": _iso(invitation.due_at),
        "expires_at": _iso(invitation.expires_at),
        "sent_at": _iso(invitation.sent_at),
        "reminder_due_at": _iso(invitation.reminder_due_at),
        "reminded_at": _iso(invitation.reminded_at),
        "answered_at": _iso(invitation.answered_at),
    }


def explanation_fields(
    job: Job, verdicts: Sequence[Sequence[Verdict]], seen: Mapping[int, Sequence[Line]]
) -> dict[str, Any]:
    """A job with every closing, its invitation's state, every rule's verdict, and what was seen on the link."""
    return {
        "source": job.source,
        "external_id": job.external_id,
        "client": job.client.name,
        "client_ref": job.client.ref,
        "contact_email": job.contact.email,
        "open": job.is_open,
        "resolutions": [
            {**_resolution_fields(resolution, found), "seen": [line.as_dict() for line in seen.get(resolution.id, ())]}
            for resolution, found in zip(job.resolutions, verdicts, strict=True)
        ],
    }


def _resolution_fields(resolution: Resolution, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    invitation = resolution.invitation
    return {
        "sequence": resolution.sequence,
        "completed_at": _iso(resolution.completed_at),
        "reopened_at": _iso(resolution.reopened_at),
        "state": invitation.state.value if invitation else None,
        "reason": invitation.reason if invitation else "",
        "due_at": _iso(invitation.due_at) if invitation else None,
        "verdicts": [verdict.as_dict() for verdict in verdicts],
    }


def print_invitations(invitations: Sequence[Invitation]) -> None:
    """One line for each invitation."""
    table = Table("State", "Job", "Client", "Contact", "Due (UTC)", "Why")
    for invitation in invitations:
        fields = invitation_fields(invitation)
        job = f"{fields['source']} {fields['external_id']}"
        cells = (fields["state"], job, fields["client"], fields["contact_email"], minute(invitation.due_at))
        table.add_row(*(Text(cell) for cell in (*cells, fields["reason"])))
    console = plain_console()
    console.print(table if invitations else "There is no invitation yet. Bring in jobs first: flask jobs import FILE")


def print_explanation(job: Job, verdicts: Sequence[Sequence[Verdict]], seen: Mapping[int, Sequence[Line]]) -> None:
    """One table for each closing, with every rule's verdict; one with what was seen on the link."""
    console = plain_console()
    console.print(Text(f"{job.source} {job.external_id} · {job.client.name} · {job.contact.email}", style="bold"))
    if not job.resolutions:
        console.print("The job is open. Nobody is asked before it is closed.")
    for resolution, found in zip(job.resolutions, verdicts, strict=True):
        console.print(Text(_headline(resolution)))
        table = Table("", "Rule", "Why")
        for verdict in found:
            mark = Text("yes", style="green") if verdict.passed else Text("no", style="bold red")
            table.add_row(mark, Text(verdict.rule), Text(verdict.why))
        console.print(table)
        if seen.get(resolution.id):
            _print_seen(console, seen[resolution.id])


def _print_seen(console: Console, lines: Sequence[Line]) -> None:
    table = Table("At (UTC)", "Seen on the link", "Who", "Verdict", "Why")
    for line in lines:
        what = f"{line.told} × {line.times:,}" if line.times > 1 else line.told
        table.add_row(minute(line.at), Text(what), Text(line.who), line.kind, Text(" ".join(line.reasons)))
    console.print(table)


def _headline(resolution: Resolution) -> str:
    closed = f"Closing {resolution.sequence}, {minute(resolution.completed_at)} UTC: "
    invitation = resolution.invitation
    if invitation is None:
        return closed + "not decided yet; the worker does that within a second."
    due = f", due {minute(invitation.due_at)} UTC" if invitation.state.value in {"scheduled", "held"} else ""
    return closed + invitation.state.value + due + (f". {invitation.reason}" if invitation.reason else ".")


def minute(moment: datetime) -> str:
    """`2026-03-10 14:30`."""
    return f"{moment:%Y-%m-%d %H:%M}"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def plain_console() -> Console:
    """For tables: as wide as the terminal, or wide enough for a file."""
    return Console(width=None if sys.stdout.isatty() else FILE_WIDTH, highlight=False)
