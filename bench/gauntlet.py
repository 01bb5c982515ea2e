"""The scanner gauntlet in its long form: 10,000 machine visits over WSGI, and the figures before and after.

    python -m bench.gauntlet [VISITS]

The steps are those of `tests/survey/gauntlet.py`: GET and HEAD of every link of the email and of every page, all
ratings in any order, prefetch, previews, machines that press the button, replays before and after the person.
"""

import json
import random
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from survey import tokens
from survey.config import load_settings
from survey.db import Base, db
from survey.firms import get_firm
from survey.models import HeldAnswer, InvitationState, SurveyEvent, VisitTally
from survey.responses import answers_of, find_response
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_invitation
from tests.survey.gauntlet import CHROME, EDGE, Gauntlet, machine_step
from wsgi import create_app

LINKS = 40
SILENT = 10  # of them, whose person never answers
ANSWERS_AFTER = (0.2, 0.6)  # of the visits, each person answers, and answers again


def main(visits: int) -> int:
    """Run it; returns how many figures a machine changed."""
    folder = Path(tempfile.mkdtemp())
    settings = load_settings(
        _env_file=None,
        instance_path=folder / "instance",
        database_url=f"sqlite:///{folder}/gauntlet.db",
        secret_key=SECRET_KEY,
    )
    app = create_app(settings)
    app.config.update(TESTING=True, RATE_LIMITS=False)
    began, chance = time.process_time(), random.Random(6)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        get_firm(db.session)
        sent_at, expires_at = NOW - timedelta(days=1), NOW + timedelta(days=7)
        links = [make_invitation(db.session, sent_at=sent_at, expires_at=expires_at) for _ in range(LINKS)]
        paths = [f"/s/{tokens.derive(SECRET_KEY, 'survey', link.seed)}" for link in links]
        ids = [link.id for link in links]
        db.session.commit()
    runs = [Gauntlet(app.test_client(), path, NOW, (CHROME, EDGE)[n % 2]) for n, path in enumerate(paths)]
    answering = list(ANSWERS_AFTER)
    while (done := sum(run.visits for run in runs)) < visits:
        if answering and done >= answering[0] * visits:
            answering.pop(0)
            for run in runs[SILENT:]:
                run.answer(chance.randint(1, 5), "In my own words")
        machine_step(chance.choice(runs), chance)
    with app.app_context():
        found = [db.session.get_one(type(links[0]), number) for number in ids]
        changed = sum(
            answers_of(find_response(db.session, link)) != run.said for link, run in zip(found, runs, strict=True)
        )
        report = {
            "machine visits": done,
            "links": LINKS,
            "people who answered": sum(link.state is InvitationState.ANSWERED for link in found),
            "links on which a figure changed": changed,
            "answers held": db.session.scalar(select(func.count()).select_from(HeldAnswer)),
            "visits kept one by one": db.session.scalar(select(func.count()).select_from(SurveyEvent)),
            "visits counted beyond": db.session.scalar(select(func.sum(VisitTally.times))),
            "CPU seconds": round(time.process_time() - began, 1),
        }
        db.engine.dispose()
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return changed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000) else 0)
