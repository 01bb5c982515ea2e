"""Commands: why a client is flagged or not, and what changed about the flags since the last working day."""

import json
from typing import Any

import click
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from analysis.desk.why_not import WhyNot, distance, why_not
from analysis.desk.words import CHANGE_WORDS
from analysis.flags.days import since_last_day
from analysis.models import LIVE, Flag, RelationshipState
from survey import clock
from survey.db import begin_reading, db
from survey.firms import get_firm
from survey.models import Client

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("explain")
@click.argument("client_ref")
@json_option
def explain(client_ref: str, as_json: bool) -> None:
    """Why a client (their reference, name or number) is flagged, or why not and what would raise a flag."""
    begin_reading(db.session)
    client = _find(db.session, client_ref)
    flag = db.session.scalar(select(Flag).where(Flag.client_id == client.id, Flag.status.in_(LIVE)))
    if flag is None:
        found = why_not(db.session, client, db.session.get(RelationshipState, client.id), clock.now())
        document = {"client": client.name, "ref": client.ref, "flagged": False, **why_not_document(found)}
    else:
        document = {
            "client": client.name,
            "ref": client.ref,
            "flagged": True,
            "flag": flag.id,
            "severity": flag.severity.value,
            "why_so_severe": flag.severity_why,
            "reasons": [str(reason["text"]) for reason in flag.reasons],
            "clears_if": flag.clears_if,
        }
    click.echo(json.dumps(document, ensure_ascii=False, indent=2) if as_json else _lines(document))


def why_not_document(found: WhyNot) -> dict[str, Any]:
    """What is said about a client without a flag, as JSON."""
    document: dict[str, Any] = {"looks_bad": found.looks_bad, "why": found.why}
    if found.gap is not None:
        document |= {
            "points": round(found.gap.points, 2),
            "points_needed": round(found.gap.needed, 2),
            "risk": None if found.gap.loss is None else round(found.gap.loss, 4),
            "risk_needed": found.gap.loss_needed,
            "distance": distance(found.gap),
            "would_raise": found.gap.would_raise,
        }
    return document


def _lines(document: dict[str, Any]) -> str:
    if document["flagged"]:
        head = f"{document['client']} is flagged (flag {document['flag']}). {document['why_so_severe']}".rstrip()
        return "\n".join([head, *(f"- {text}" for text in document["reasons"]), document["clears_if"]])
    lines = [f"{document['client']} is not flagged.", document["looks_bad"], *(f"- {text}" for text in document["why"])]
    return "\n".join(line for line in [*lines, document.get("distance"), document.get("would_raise")] if line)


def _find(session: Session, wanted: str) -> Client:
    """The client with this reference; else the one of this name or number."""
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
    client = session.scalar(select(Client).where(Client.ref == wanted))
    if client is None:
        fits = or_(func.lower(Client.name) == wanted.lower(), Client.id == number)
        named = session.scalars(select(Client).where(fits).order_by(Client.id).limit(2)).all()
        if len(named) > 1:
            raise click.ClickException(f"Several clients are called {wanted}. Give the reference: flask clients list")
        client = named[0] if named else None
    if client is None:
        raise click.ClickException(f"There is no client {wanted}.")
    return client


@click.command("changes")
@json_option
def changes(as_json: bool) -> None:
    """What changed since the last working day began: new, worse, more evidence, better, cleared, resolved."""
    begin_reading(db.session)
    since = since_last_day(db.session, get_firm(db.session), clock.now())
    if as_json:
        rows = [
            {
                "flag": item.flag.id,
                "client": item.flag.client.name,
                "change": item.change.kind.value,
                "severity": item.flag.severity.value,
                "severity_before": item.change.before.severity if item.change.before else None,
                "risk": round(item.flag.risk, 4),
                "risk_before": round(item.change.before.risk, 4) if item.change.before else None,
                "news": list(item.change.news),
            }
            for item in since.changed
        ]
        click.echo(json.dumps({"since": since.day.isoformat(), "changes": rows}, ensure_ascii=False, indent=2))
        return
    click.echo(f"Since {since.day.isoformat()}: {len(since.changed) or 'nothing'} changed.")
    for item in since.changed:
        news = "; ".join(f"“{text}”" for text in item.change.news)
        click.echo(f"{CHANGE_WORDS[item.change.kind]}: {item.flag.client.name} (flag {item.flag.id}) {news}".rstrip())
