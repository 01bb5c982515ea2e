"""Small histories for tests of the rules, told in days before NOW."""

from datetime import datetime, timedelta

from analysis.relationships.evidence import Ask, Evidence, JobDone, Person, Reading, Response
from tests.conftest import NOW


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def jobs(*days: float, late: bool = False, value: float = 100.0) -> tuple[JobDone, ...]:
    """Jobs done so many days ago, oldest first; `late` ones were promised a day earlier."""
    return tuple(
        JobDone(
            id=number,
            contact_id=1,
            completed_at=ago(day),
            name=f"Repair {number}",
            promised_at=ago(day + 1) if late else ago(day - 1),
            value=value,
        )
        for number, day in enumerate(sorted(days, reverse=True), start=1)
    )


def rated(day: float, csat: int | None = None, words: Reading | None = None, **numbers: int) -> Response:
    if csat is not None:
        numbers["csat"] = csat
    return Response(id=int(day), job_id=1, contact_id=1, at=ago(day), numbers=numbers, reading=words)


def read(text: str, score: float = -0.8, aspect: str = "", **intents: float) -> Reading:
    """What an analyser would have found in `text`: negative all through unless `score` says otherwise."""
    aspects = ((aspect, "negative", 0, len(text)),) if aspect else ()
    sentiment = "negative" if score < 0 else "positive"
    return Reading(7, text, sentiment, score, aspects, intents, ((0, len(text), score),))


def client(
    job_days: tuple[float, ...] = (400, 340, 280, 220, 160, 100, 40, 5),
    responses: tuple[Response, ...] = (),
    asks: tuple[Ask, ...] = (),
    late: bool = False,
) -> Evidence:
    return Evidence(
        jobs=jobs(*job_days, late=late),
        asks=asks,
        responses=tuple(sorted(responses, key=lambda response: response.at)),
        people=(Person(1, "Ida Berg", decides=True),),
    )


def loyal(*responses: Response) -> Evidence:
    """A client of over a year who has always said 5 of 5, and then what `responses` say."""
    return client(responses=(*(rated(day, 5) for day in (390, 330, 270, 210, 150, 95)), *responses))
