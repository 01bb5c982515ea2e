"""A firm that has lost clients, in rows: some turned sour and stopped, most stayed. Written in one flush."""

from datetime import timedelta

from sqlalchemy.orm import Session

from survey.models import Answer, Client, Contact, Job, Resolution, ResolutionStaff, ResponseOrigin, SurveyResponse
from tests.conftest import NOW

DAYS = 480


def make_lived(session: Session, *, lost: int, stayed: int, every: int = 30) -> list[Client]:
    """Clients with a job every so many days; the lost rate 2 of 5 in their last hundred days and stop in turn.

    Every tenth rates against the grain, so that nothing can be told for certain.
    """
    made = []
    for number in range(lost + stayed):
        gone = number < lost
        client = Client(ref=f"L{number:03}", name=f"Client {number}", created_at=NOW - timedelta(days=DAYS))
        contact = Contact(
            client=client,
            name=f"Person {number}",
            email=f"p{number}@lived.example",
            role="decision-maker",
            language="en",
            timezone="Europe/Berlin",
            created_at=client.created_at,
        )
        end = 130 + 4 * number if gone else DAYS
        session.add(contact)
        session.flush()
        for count, day in enumerate(range(number % every, end, every)):
            sour = (gone and end - day < 100) != (number % 10 == 3)
            _job(session, contact, f"{number}-{count}", day, 2 if sour else 5)
        made.append(client)
    session.flush()
    return made


def _job(session: Session, contact: Contact, key: str, day: int, csat: int) -> None:
    at = NOW - timedelta(days=DAYS - day)
    job = Job(
        client=contact.client,
        contact=contact,
        source="lived",
        external_id=key,
        kind="Repair",
        summary=f"Repair {key}",
        opened_at=at - timedelta(days=1),
        created_at=at,
        updated_at=at,
    )
    resolution = Resolution(job=job, sequence=1, completed_at=at, recorded_at=at)
    resolution.staff = [ResolutionStaff(name="Ana Xu", share=1.0)]
    response = SurveyResponse(
        resolution=resolution,
        contact=contact,
        client_id=contact.client_id,
        origin=ResponseOrigin.IMPORT,
        submitted_at=at + timedelta(days=1),
    )
    response.answers.append(Answer(question="csat", number=csat, answered_at=at + timedelta(days=1)))
    session.add_all([job, resolution, response])
