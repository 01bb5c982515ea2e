"""Signs in the words: an intent to leave, danger or the law, a threat of a bad review, unresolved complaints, a wish to
be called, negative sentences by aspect."""

from datetime import datetime

from analysis.relationships.evidence import Evidence, Quote, Reading, Response, Signal, days_between, freshness
from survey.speech import listed

LEAVING_FROM, LEAVING_POINTS = 0.6, 5.2
NOT_RETURNING_POINTS = 4.2
STAYS_AFTER_ALL = 0.4  # what an intent to leave still weighs after a good answer
COMPLAINT_FROM, COMPLAINT_POINTS, COMPLAINT_DAYS = 0.5, 1.1, 180
CALLBACK_FROM, CALLBACK_POINTS, CALLBACK_GRACE_DAYS = 0.5, 1.2, 1.0
NEGATIVE_FROM, NEGATIVE_POINTS, MOST_NEGATIVE_POINTS = -0.25, 0.9, 2.0
SAFETY_FROM, SAFETY_POINTS, SAFETY_DAYS = 0.6, 5.0, 365  # the least sure one is just enough for a flag
THREAT_FROM, THREAT_POINTS, THREAT_DAYS = 0.6, 2.2, 180
GRAVE_LEAST, GRAVE_RISE = 0.4, 1.6  # the weight of negative words by severity: 0.72 at 0.2, 1.36 at 0.6, 2 at 1
QUOTED_FROM = 0.2  # of their weight: half a year later words still count, and are no news to tell a manager
FRIENDLIER_SINCE = 0.5  # what negative words still weigh after a friendly comment
PLEASED_DISCOUNT = 0.25  # they rated the job 4 or 5 all the same
# What ends relationships weighs more than what annoys.
ASPECT_WEIGHT = {
    "staff_attitude": 1.25,
    "communication": 1.2,
    "follow_up": 1.25,
    "quality_of_work": 1.2,
    "timeliness": 1.1,
    "price_billing": 1.1,
    "facilities": 0.7,
    "ease_of_use": 0.7,
    "digital": 0.7,
    "access": 0.8,
}
ASPECT_NAMES = {
    "staff_attitude": "how they were treated",
    "communication": "communication",
    "timeliness": "timeliness",
    "quality_of_work": "the quality of the work",
    "price_billing": "price and billing",
    "expertise": "your expertise",
    "follow_up": "follow-up",
    "reception": "reception",
    "booking": "booking",
    "facilities": "the premises",
    "ease_of_use": "how hard it is to use",
    "access": "how hard you are to reach",
    "digital": "the website or app",
    "competitor": "a competitor",
    "reputation": "your reputation",
    "general": "you in general",
}
LONGEST_QUOTE = 200


def fresh_points(response: Response) -> dict[str, float]:
    """The most that one answer can give each sign below, when it is fresh and nobody has dealt with it."""
    if response.reading is None and not {"would_return", "contact_me"} & response.numbers.keys():
        return {}
    reading, intents = response.reading, response.reading.intents if response.reading else {}
    leaves, calls = intents.get("leaving", 0.0), intents.get("callback", 0.0)
    points = {
        "leaving": LEAVING_POINTS * leaves if leaves >= LEAVING_FROM else 0.0,
        "safety_legal": SAFETY_POINTS * _said(response, "safety_legal", SAFETY_FROM),
        "review_threat": THREAT_POINTS * _said(response, "review_threat", THREAT_FROM),
        "complaint": COMPLAINT_POINTS * _complains(response),
        "wants_contact": CALLBACK_POINTS * calls if calls >= CALLBACK_FROM and not _pleased(response) else 0.0,
        "negative_words": _against(response) if reading and reading.score <= NEGATIVE_FROM else 0.0,
    }
    if response.numbers.get("would_return") == 0:
        points["leaving"] = max(points["leaving"], NOT_RETURNING_POINTS)
    if response.numbers.get("contact_me") == 1:
        points["wants_contact"] = CALLBACK_POINTS
    return points


def leaving(evidence: Evidence, now: datetime) -> Signal | None:
    """An intent to leave, in words or by answering that they would not come back. The freshest and clearest counts."""
    best: tuple[float, Response] | None = None
    for response in evidence.spoken:
        if not evidence.unsettled(response.at):
            continue
        sure = response.reading.intents.get("leaving", 0.0) if response.reading else 0.0
        points = LEAVING_POINTS * sure if sure >= LEAVING_FROM else 0.0
        answer = response.numbers.get("would_return")
        points = max(points, NOT_RETURNING_POINTS) if answer == 0 else points * (0.5 if answer == 1 else 1.0)
        if points <= 0:
            continue
        points *= freshness(response.at, now) * (STAYS_AFTER_ALL if _content_since(evidence, response) else 1.0)
        if best is None or points >= best[0]:
            best = (points, response)
    if best is None:
        return None
    points, response = best
    if response.numbers.get("would_return") == 0:
        text, quotes = "Said they would not come back.", _answered(response, "Would you come back? No")
    else:
        text, quotes = "Their words say that they may leave.", quoted(response)
    return Signal("leaving", points, text, quotes)


def _content_since(evidence: Evidence, said: Response) -> bool:
    """Whether a later answer says that they stay: that they would come back, or a good rating without such words."""
    later = [response for response in evidence.responses if response.at > said.at]
    if not later:
        return False
    numbers, reading = later[-1].numbers, later[-1].reading
    if numbers.get("would_return") is not None:
        return numbers["would_return"] == 1
    return _pleased(later[-1]) and (reading is None or reading.intents.get("leaving", 0.0) < LEAVING_FROM)


def complaints(evidence: Evidence, now: datetime) -> Signal | None:
    """Complaints that nobody has spoken to them about since."""
    total = 0.0
    open_ones: list[Response] = []
    for response in evidence.spoken:
        sure = _complains(response)
        if not sure or days_between(response.at, now) > COMPLAINT_DAYS:
            continue
        if evidence.unsettled(response.at) and not evidence.contacted_since(response.at):
            open_ones.append(response)
            total += COMPLAINT_POINTS * sure * evidence.weight(response.at, now)
    if not open_ones:
        return None
    text = "Complained; no contact logged since."
    if len(open_ones) > 1:
        times = "twice" if len(open_ones) == 2 else f"{len(open_ones)} times"
        text = f"Complained {times}; no contact logged since."
    quotes = tuple(quote for response in reversed(open_ones[-3:]) for quote in quoted(response))
    return Signal("complaint", min(2.2, total), text, quotes)


def _complains(response: Response) -> float:
    """How sure it is that they complain, from COMPLAINT_FROM on; else 0. Who is pleased does not."""
    sure = response.reading.intents.get("complaint", 0.0) if response.reading else 0.0
    return sure if sure >= COMPLAINT_FROM and not _pleased(response) else 0.0


def safety_legal(evidence: Evidence, now: datetime) -> Signal | None:
    """Words about danger, injury, lost data, lawyers or regulators. The freshest and clearest counts.

    A contact takes weight off but does not settle it: closing the flag does.
    """
    best: tuple[float, Response] | None = None
    for response in evidence.spoken:
        sure = _said(response, "safety_legal", SAFETY_FROM)
        if sure and days_between(response.at, now) <= SAFETY_DAYS and evidence.unsettled(response.at):
            points = SAFETY_POINTS * sure * evidence.weight(response.at, now)
            best = (points, response) if best is None or points >= best[0] else best
    if best is None:
        return None
    return Signal("safety_legal", best[0], "Speaks of danger, damage or legal steps.", quoted(best[1]))


def review_threat(evidence: Evidence, now: datetime) -> Signal | None:
    """A threat to complain in public or to tell others, that nobody has spoken to them about since."""
    for response in reversed(evidence.spoken):
        sure = _said(response, "review_threat", THREAT_FROM)
        if not sure or days_between(response.at, now) > THREAT_DAYS:
            continue
        if evidence.unsettled(response.at) and not evidence.contacted_since(response.at):
            points = THREAT_POINTS * sure * freshness(response.at, now)
            return Signal("review_threat", points, "Threatens a bad review; no contact logged since.", quoted(response))
    return None


def _said(response: Response, intent: str, least: float) -> float:
    """How sure the intent is, from `least` on; else 0. Friendly words beside a good rating say something else."""
    reading = response.reading
    if reading is None or (_pleased(response) and reading.score > NEGATIVE_FROM):
        return 0.0
    sure = reading.intents.get(intent, 0.0)
    return sure if sure >= least else 0.0


def wants_contact(evidence: Evidence, now: datetime) -> Signal | None:
    """They asked to be contacted, in words or by ticking it, and nobody has."""
    for response in reversed(evidence.spoken):
        asked = response.numbers.get("contact_me") == 1
        sure = response.reading.intents.get("callback", 0.0) if response.reading else 0.0
        if not asked and (sure < CALLBACK_FROM or _pleased(response)):
            continue
        waits = days_between(response.at, now)
        if waits < CALLBACK_GRACE_DAYS or not evidence.unsettled(response.at) or evidence.contacted_since(response.at):
            continue
        quotes = _answered(response, "May we contact you about this? Yes") if asked else quoted(response)
        points = CALLBACK_POINTS * (1.0 if asked else sure) * freshness(response.at, now)
        return Signal("wants_contact", points, "Asked to be contacted; no contact logged since.", quotes)
    return None


def negative_words(evidence: Evidence, now: datetime) -> Signal | None:
    """Negative sentences, by the aspect they are about and by how grave what went wrong is.

    A pleased rating beside them takes most of the weight away.
    """
    total, gravest = 0.0, 1.0
    friendlier = False
    aspects: list[str] = []
    quotes: list[Quote] = []
    for response in reversed(evidence.spoken):
        reading = response.reading
        if reading is None or reading.score > NEGATIVE_FROM or not evidence.unsettled(response.at):
            friendlier = friendlier or (reading is not None and reading.score > -NEGATIVE_FROM)
            continue
        fresh = evidence.weight(response.at, now) * (FRIENDLIER_SINCE if friendlier else 1.0)
        if fresh < 0.05:
            continue
        total += _against(response) * fresh
        gravest = max(gravest, graveness(reading.severity))
        if fresh >= QUOTED_FROM or not quotes:
            aspects += [a for a in _unhappy_about(reading) if a not in aspects and a != "general"]
        quotes += quoted(response) if fresh >= QUOTED_FROM or not quotes else ()
    if total < 0.1:
        return None
    names = {**evidence.own_aspects, **ASPECT_NAMES}
    named = listed([names.get(aspect, aspect.replace("_", " ")) for aspect in aspects[:2]])
    text = f"Unhappy with {named}." if named else "Unhappy words in their comments."
    return Signal("negative_words", min(MOST_NEGATIVE_POINTS * gravest, total), text, tuple(quotes[:4]))


def _unhappy_about(reading: Reading) -> list[str]:
    return [aspect for aspect, mood, _, _ in reading.aspects if mood == "negative"]


def _against(response: Response) -> float:
    """The points of one comment's negative words when they are fresh."""
    reading = response.reading
    if reading is None:
        return 0.0
    weight = max((ASPECT_WEIGHT.get(aspect, 1.0) for aspect in _unhappy_about(reading)), default=1.0)
    weight *= PLEASED_DISCOUNT if _pleased(response) else 1.0
    return NEGATIVE_POINTS * -reading.score * weight * graveness(reading.severity)


def cool_words(evidence: Evidence) -> Signal | None:
    """Comments that are less friendly than the firm's clients usually write, though none is a complaint."""
    cool = [
        response for response in evidence.responses if response.reading is not None and response.reading.score < 0.3
    ]
    if not cool:
        return None
    quotes = tuple(quote for response in reversed(cool[-3:]) for quote in quoted(response))
    return Signal("negative_words", 0.0, "Their comments are cooler than your clients' usually are.", quotes)


def graveness(severity: float) -> float:
    """What negative words weigh by the severity (0…1) of what went wrong: "a bit slow" less, lost data twice as much.

    0 stands for an analyser that does not judge severity, and changes nothing.
    """
    return GRAVE_LEAST + GRAVE_RISE * severity if severity > 0 else 1.0


def _pleased(response: Response) -> bool:
    return response.numbers.get("csat", 0) >= 4


def _answered(response: Response, words: str) -> tuple[Quote, ...]:
    quotes = quoted(response)
    return (Quote(words, response.at, f"response/{response.id}"), *quotes)


MANAGERS_ONLY = "Words that only managers may read."


def said_openly(reading: Reading) -> str:
    """The words of a comment as everybody at the desk may read them."""
    return MANAGERS_ONLY if reading.managers_only else reading.text


def quoted(response: Response) -> tuple[Quote, ...]:
    """The stretch of the comment that spoke against the firm: its negative spans, widened to whole sentences."""
    reading = response.reading
    if reading is None or not reading.text.strip():
        return ()
    if reading.managers_only:
        return (Quote(said_openly(reading), response.at, f"answer/{reading.answer_id}"),)
    start, end = _stretch(reading)
    return (Quote(reading.text[start:end], response.at, f"answer/{reading.answer_id}", start, end),)


def _stretch(reading: Reading) -> tuple[int, int]:
    text = reading.text
    against = [(start, end) for start, end, weight in reading.evidence if weight < 0 and 0 <= start < end <= len(text)]
    against += [(start, end) for _, mood, start, end in reading.aspects if mood == "negative" and start < end]
    if not against:
        return 0, min(len(text), LONGEST_QUOTE)
    first = min(start for start, _ in against)
    start = max((text.rfind(mark, 0, first) + 1 for mark in ".!?\n"), default=0)
    start += len(text[start:]) - len(text[start:].lstrip())
    reach = [end for _, end in against if end - start <= LONGEST_QUOTE]
    last = max(reach, default=min(len(text), start + LONGEST_QUOTE))
    ends = [found for mark in ".!?\n" if (found := text.find(mark, max(last - 1, start))) != -1]
    end = min(min(ends) + 1 if ends else len(text), start + LONGEST_QUOTE)
    return start, end
