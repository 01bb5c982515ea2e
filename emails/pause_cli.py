"""Commands: emails pause, resume, try-again. The desk's two switches, by the same rules."""

import click

from emails import pauses
from survey import clock
from survey.asking import pausing
from survey.db import transaction

WHO = "from the command line"


@click.command("pause")
@click.argument("why")
def pause(why: str) -> None:
    """Let every survey and reminder wait until somebody resumes. WHY is shown on each page of the desk.

    Alerts and sign-in links go on. The same as Desk → Surveys → Pause.
    """
    with transaction() as session:
        pausing.pause(session, f"{why.strip()} ({WHO})" if why.strip() else "", None, clock.now())
    click.echo("Paused: no survey and no reminder goes out until somebody resumes.", err=True)


@click.command("resume")
def resume() -> None:
    """End the pause: what piled up goes out one after another, what became too late is skipped with the reason."""
    with transaction() as session:
        row = pausing.resume(session, None, clock.now())
        moved, skipped = row.moved, row.skipped
    click.echo(f"Surveys go out again: {moved} had piled up, {skipped} were too late to ask.", err=True)


@click.command("try-again")
def try_again() -> None:
    """End the wait after the provider refused us or gave no clear answer: somebody mended its cause."""
    with transaction() as session:
        waited = pauses.resume(session)
    click.echo("Sending goes on." if waited else "Sending was not waiting for the provider.", err=True)
