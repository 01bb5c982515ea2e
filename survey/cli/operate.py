"""Commands: worker, serve, doctor, user, apikey."""

import json
import os
import signal
import sys
import threading
from contextlib import nullcontext
from datetime import datetime
from types import FrameType

import click
import structlog
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from survey import api_keys, clock, doctor, schema, supervisor, worker
from survey.auth import make_sign_in_link
from survey.config import ROOT, EmailTransport
from survey.db import db, transaction
from survey.doctor import Level
from survey.heartbeat import WORKER, beat, stop_beating
from survey.people import create_person, find_person
from survey.runtime import runtime, settings
from survey.users import ROLES, Role, User

BEAT_SECONDS = 5.0

log = structlog.get_logger()

user_group = AppGroup("user", help="The people who sign in to the desk.")
apikey_group = AppGroup("apikey", help="The programs that call the API.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    for command in (run_worker, serve, run_doctor, user_group, apikey_group):
        app.cli.add_command(command)


class Moment(click.ParamType[datetime]):
    """An ISO 8601 moment with a time zone."""

    name = "ISO8601"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return clock.as_utc(datetime.fromisoformat(str(value)))
        except ValueError as error:
            self.fail(f"{error}. Write it like 2026-03-10T12:00:00+00:00", param, ctx)


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


@click.command("worker")
@click.option("--once", is_flag=True, help="Run until nothing is due, then exit.")
@click.option("--now", type=Moment(), help="Set the clock, for rehearsals and simulations.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print what was done as JSON.")
@with_appcontext
def run_worker(once: bool, now: datetime | None, as_json: bool) -> None:
    """Run what is due."""
    app = _app()
    schema.check(app)
    with clock.fixed_at(now) if now else nullcontext():
        if once:
            _work_once(app, as_json)
        else:
            _work_forever(app)


def _work_once(app: Flask, as_json: bool) -> None:
    console = Console(stderr=True)
    with console.status("Looking for work") if console.is_terminal else nullcontext() as status:
        result = worker.run_until_idle(
            runtime().tasks,
            app.app_context,
            lambda name, done: status.update(f"{name}: {done:,}") if status else None,
        )
    if as_json:
        click.echo(json.dumps({"done": result.done, "failed": result.failed}))
    else:
        for name, count in result.done.items():
            if count:
                click.echo(f"{name}: {count:,}")
        if not result.total and not result.failed:
            click.echo("Nothing was due.")
        for name, error in result.failed.items():
            click.echo(f"{name} failed: {error}", err=True)
    if result.failed:
        sys.exit(1)


def _work_forever(app: Flask) -> None:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()  # the batch in flight is finished first

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    heart = threading.Thread(target=_keep_beating, args=(app, stop), name="heartbeat", daemon=True)
    heart.start()
    worker.run_forever(runtime().tasks, app.app_context, stop)
    heart.join(BEAT_SECONDS)


def _keep_beating(app: Flask, stop: threading.Event) -> None:
    """Beats from a thread of its own: a long batch is not death."""
    while not stop.is_set():
        _say_alive(app, True)
        stop.wait(BEAT_SECONDS)
    _say_alive(app, False)


def _say_alive(app: Flask, alive: bool) -> None:
    try:
        with app.app_context(), transaction() as session:
            if alive:
                beat(session, WORKER, clock.now())
            else:
                stop_beating(session, WORKER)
    except SQLAlchemyError:
        log.warning("heartbeat not written", exc_info=True)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=supervisor.THREADS,
    show_default=True,
    help="Pages of the desk made at a time.",
)
@click.option("--welcome", is_flag=True, help="Print a one-time sign-in link once the web server answers.")
@with_appcontext
def serve(host: str, port: int, threads: int, welcome: bool) -> None:
    """Run the web server and the worker; restart whichever dies; stop both with Ctrl-C."""
    schema.check(_app())
    with supervisor.only_one(settings().instance_path, settings().engine_url):
        supervisor.check_port(host, port)
        environment = {**os.environ, supervisor.THREADS_VARIABLE: str(threads)}
        if "public_url" not in settings().model_fields_set:
            environment["PUBLIC_URL"] = f"http://{host}:{port}"
        watched = supervisor.Supervisor(
            children=(
                supervisor.Child("web", supervisor.web_command(host, port)),
                supervisor.Child("worker", supervisor.worker_command()),
            ),
            folder=ROOT,
            environment=environment,
            say=lambda text: click.echo(text, err=True),
        )
        base_url = environment.get("PUBLIC_URL", settings().base_url).rstrip("/")

        def once_started() -> None:
            if supervisor.wait_until_listening(host, port, lambda: watched.stopping):
                click.echo(_greeting(base_url, welcome))

        watched.run(once_started)
    click.echo("Stopped.", err=True)


def _greeting(base_url: str, welcome: bool) -> str:
    lines = [f"\nClientele is running at {base_url}\n"]
    if welcome:
        lines.append(f"  Desk      {_first_link(base_url)}")
    if settings().transport is EmailTransport.MAILBOX:
        lines.append(f"  Mailbox   {base_url}/mailbox")
    lines.append("\nCtrl-C stops it.")
    return "\n".join(lines)


def _first_link(base_url: str) -> str:
    """A link for the first admin; without one, how to make one."""
    with transaction() as session:
        admin = session.scalars(
            select(User).join(User.roles).where(Role.name == "admin", User.active.is_(True)).order_by(User.id).limit(1)
        ).first()
        if admin is None:
            return "nobody can sign in yet: run `flask user create EMAIL --role admin`"
        link = make_sign_in_link(session, admin, clock.now())
    return f"{base_url}{link.removeprefix(settings().base_url)}   (signs you in once as {admin.email})"


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def run_doctor(as_json: bool) -> None:
    """Check settings, database, migrations, worker and transport; say what to do."""
    findings = doctor.examine(settings(), clock.now(), runtime().checkers)
    db.session.rollback()
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        marks = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red")}
        for finding in findings:
            mark, colour = marks[finding.level]
            click.echo(f"{click.style(mark, fg=colour)} {finding.name}: {finding.found}")
            if finding.advice:
                click.echo(f"    {finding.advice}")
    if any(finding.level is Level.FAIL for finding in findings):
        sys.exit(1)


@user_group.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(list(ROLES)), required=True)
@click.option("--name", default="", help="As colleagues know them.")
def create_user(email: str, role: str, name: str) -> None:
    """Make a user, or find the one with this address; print a one-time sign-in link."""
    with transaction() as session:
        user = find_person(session, email)
        if user is None:
            user = create_person(session, email, role, clock.now(), name=name)
        elif [held.name for held in user.roles] != [role]:
            held = ", ".join(held.name for held in user.roles) or "no role"
            click.echo(f"{user.email} exists already, as {held}; their role stays as it is.", err=True)
        link = make_sign_in_link(session, user, clock.now())
    click.echo(link)


@user_group.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_users(as_json: bool) -> None:
    """Who may sign in, and as what."""
    users = [
        {
            "email": user.email,
            "name": user.name,
            "role": user.roles[0].name if user.roles else "",
            "active": user.active,
        }
        for user in db.session.scalars(select(User).order_by(User.id))
    ]
    if as_json:
        click.echo(json.dumps(users))
        return
    for user in users:
        click.echo(f"{user['email']}\t{user['role']}\t{'' if user['active'] else 'may not sign in'}")


@apikey_group.command("create")
@click.argument("name")
def create_key(name: str) -> None:
    """Make a key for the program NAME and print it; it is shown this once."""
    with transaction() as session:
        _key, plaintext = api_keys.create(session, name, clock.now())
    click.echo(plaintext)
