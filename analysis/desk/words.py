"""The desk's words for states, in one place. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from analysis.models import Flag, FlagStatus, FollowUpKind, OutcomeResult, RelationshipState, Rung, Severity
from analysis.relationships.budget import Place
from analysis.relationships.changes import ChangeKind
from analysis.relationships.doubt import LANGUAGES
from emails.models import DeliveryState
from survey.models import InvitationState, MailBlock

SEVERITY_WORDS = {Severity.SEVERE: "Severe", Severity.HIGH: "High", Severity.MODERATE: "Moderate"}
SEVERITY_TONES = {Severity.SEVERE: "danger", Severity.HIGH: "warning", Severity.MODERATE: "info"}
PLACE_WORDS = {
    Place.FIRST: ("Cannot wait", "Somebody leaves, is in danger, or it is severe: first, however full the week is."),
    Place.WEEK: ("This week’s calls", "What each owner can truly work, in the order of what is at stake."),
    Place.NOBODY: ("Without an owner", "In nobody’s week. Acknowledge one and it is yours, or give it to somebody."),
    Place.WAITING: ("Waiting", "More than the week has room for. They move up as others are resolved."),
}
CHANGE_WORDS = {
    ChangeKind.NEW: "New",
    ChangeKind.WORSE: "Worse",
    ChangeKind.EVIDENCE: "New evidence",
    ChangeKind.BETTER: "Better",
    ChangeKind.CLEARED: "Cleared by itself",
    ChangeKind.RESOLVED: "Resolved",
}
CHANGE_TONES = {
    ChangeKind.NEW: "plum",
    ChangeKind.WORSE: "danger",
    ChangeKind.EVIDENCE: "info",
    ChangeKind.BETTER: "good",
    ChangeKind.CLEARED: "good",
    ChangeKind.RESOLVED: "muted",
}
STATUS_WORDS = {
    FlagStatus.OPEN: "Open",
    FlagStatus.ACKNOWLEDGED: "Acknowledged",
    FlagStatus.RESOLVED: "Resolved",
    FlagStatus.CLEARED: "Cleared by itself",
}
OUTCOME_WORDS = {
    OutcomeResult.KEPT: "Kept",
    OutcomeResult.LOST: "Lost",
    OutcomeResult.FALSE_ALARM: "False alarm",
    OutcomeResult.TOO_LATE: "Too late",
}
OUTCOME_TONES = {
    OutcomeResult.KEPT: "good",
    OutcomeResult.LOST: "danger",
    OutcomeResult.FALSE_ALARM: "muted",
    OutcomeResult.TOO_LATE: "warning",
}
OUTCOME_HINTS = {
    OutcomeResult.KEPT: "They were unhappy, you acted, and they stay.",
    OutcomeResult.LOST: "You acted in time, and they left all the same.",
    OutcomeResult.FALSE_ALARM: "Nothing was wrong.",
    OutcomeResult.TOO_LATE: "They had already decided when the flag came.",
}
RUNG_WORDS = {
    Rung.NEW: "New",
    Rung.CUSTOMER: "Customer",
    Rung.CLIENT: "Client",
    Rung.ADVOCATE: "Advocate",
    Rung.COOLING: "Cooling",
    Rung.LAPSED: "Lapsed",
}
RUNG_TONES = {
    Rung.NEW: "muted",
    Rung.CUSTOMER: "info",
    Rung.CLIENT: "good",
    Rung.ADVOCATE: "good",
    Rung.COOLING: "warning",
    Rung.LAPSED: "danger",
}
MOVE_WORDS = {
    Rung.NEW: "New here",
    Rung.CUSTOMER: "Now a customer",
    Rung.CLIENT: "Now a client",
    Rung.ADVOCATE: "Now an advocate",
    Rung.COOLING: "Cooling off",
    Rung.LAPSED: "Lapsed",
}
RUNG_MEANS = {
    Rung.NEW: "First job, too early to say",
    Rung.CUSTOMER: "Buys once, or now and then",
    Rung.CLIENT: "Comes back, answers, trusts",
    Rung.ADVOCATE: "Recommends you and refers others",
    Rung.COOLING: "Was closer, is drifting away",
    Rung.LAPSED: "No longer comes",
}
FOLLOW_UP_WORDS = {
    FollowUpKind.ASSIGNED: "Given to an owner",
    FollowUpKind.ACKNOWLEDGED: "Acknowledged",
    FollowUpKind.PROMISED_CALL: "Promised a call",
    FollowUpKind.CONTACTED: "Spoke with them",
    FollowUpKind.NOTE: "Note",
    FollowUpKind.RESOLVED: "Resolved",
}
INVITATION_WORDS = {
    InvitationState.SENT: "Survey sent to {who}",
    InvitationState.EXPIRED: "{who} did not answer the survey",
    InvitationState.HELD: "Survey to {who} is held",
    InvitationState.CANCELLED: "Survey to {who} cancelled",
}
BLOCK_WORDS = {
    MailBlock.BOUNCED: "Email bounces",
    MailBlock.UNSUBSCRIBED: "Unsubscribed",
    MailBlock.COMPLAINED: "Marked us as spam",
    MailBlock.MANUAL: "Blocked by hand",
}
QUESTION_WORDS = {
    "csat": "Satisfaction",
    "nps": "Would recommend",
    "ces": "Ease",
    "would_return": "Would come back",
    "contact_me": "May we contact you",
    "comment": "Comment",
}
QUESTION_TOPS = {"csat": 5, "nps": 10, "ces": 7}

_DELIVERY_TROUBLE = {
    DeliveryState.BOUNCED: "bounced",
    DeliveryState.BLOCKED: "was blocked",
    DeliveryState.DROPPED: "was dropped",
    DeliveryState.COMPLAINED: "was marked as spam",
    DeliveryState.DEFERRED: "is delayed",
    DeliveryState.NO_RECEIPT: "got no delivery receipt",
}


def delivery_words(state: DeliveryState | None) -> str:
    """What went wrong with a message, as the end of a sentence; "" when nothing did."""
    return _DELIVERY_TROUBLE.get(state, "") if state else ""


def chance(risk: float) -> str:
    """A risk (0–1) as people say it: "about 1 in 3"."""
    if risk >= 0.95:
        return "very high"
    if risk >= 0.45:
        return f"about {round(risk * 10)} in 10"
    if risk <= 0.02:
        return "very unlikely"
    return f"about 1 in {round(1 / risk)}"


def risk_range(estimate: RelationshipState | Flag) -> str:
    """Between which risks theirs lies with 80 %: "6–21 %"; "" where nobody knows."""
    if estimate.too_little or estimate.risk_low is None or estimate.risk_high is None:
        return ""
    low, high = f"{100 * estimate.risk_low:.0f}", f"{100 * estimate.risk_high:.0f}"
    return f"{low}–{high} %" if low != high else ""


def risk_words(estimate: RelationshipState | Flag) -> str:
    """How likely the client is lost, for a person: "12 % within 90 days (6–21 %)", or why there is no guess."""
    if estimate.too_little:
        return estimate.too_little
    share, between = f"{100 * estimate.risk:.0f} % within 90 days", risk_range(estimate)
    return f"{share} ({between})" if between else share


SENTIMENT_WORDS = {"negative": "Negative", "neutral": "Neutral", "positive": "Positive", "mixed": "Mixed"}
SENTIMENT_TONES = {"negative": "danger", "neutral": "muted", "positive": "good", "mixed": "warning"}
SENTIMENT_ICONS = {"negative": "mood-sad", "neutral": "mood-neutral", "positive": "mood-smile", "mixed": "scale"}
MOOD_WORDS = {"negative": "badly", "neutral": "neither well nor badly", "positive": "well"}
MOOD_CHOICES = (("negative", "Badly"), ("neutral", "Neither"), ("positive", "Well"))
ASPECT_WORDS = {
    "staff_attitude": "Attitude of staff",
    "communication": "Communication",
    "timeliness": "Timeliness",
    "quality_of_work": "Quality of work",
    "price_billing": "Price and billing",
    "expertise": "Expertise",
    "follow_up": "Follow-up",
    "reception": "Reception",
    "booking": "Booking",
    "facilities": "Facilities",
    "ease_of_use": "Ease",
    "access": "Access",
    "digital": "Website and apps",
    "competitor": "Other providers",
    "reputation": "Reputation",
    "general": "In general",
}
INTENT_WORDS = {
    "leaving": "May leave",
    "complaint": "Complains",
    "callback": "Wants a call",
    "praise": "Praises a person",
    "review_threat": "Threatens a bad review",
    "safety_legal": "Safety or legal",
}
INTENT_TONES = {"leaving": "danger", "callback": "plum", "praise": "good", "safety_legal": "danger"}
UNREAD_WORDS = {
    "empty": "Not read: there is nothing in it",
    "no language": "Not read: there are no words in it",
    "language": "Not read: not a language that is read here",
}


ASPECT_MEANS = {
    "staff_attitude": "Friendly or rude, patient or short: how people treat the client",
    "communication": "Being told, called back, kept informed",
    "timeliness": "Waiting, late or early, missed appointments, how long it takes",
    "quality_of_work": "Whether the work was done well, and whether it lasts",
    "price_billing": "Prices, quotes, invoices, fees, refunds",
    "expertise": "Whether people know what they are doing",
    "follow_up": "What happens afterwards: checking, chasing, promises kept",
    "reception": "The front desk and the first minute",
    "booking": "Making, moving and cancelling appointments",
    "facilities": "Rooms, cleanliness, equipment",
    "ease_of_use": "How easy or tiresome the whole thing is",
    "access": "Finding you, reaching you, opening hours",
    "digital": "Website, app, account, online forms",
    "competitor": "Being compared with them, their quotes, going over to one",
    "reputation": "What others say of you",
    "general": "You as a whole, nothing in particular",
}


def aspect_words(aspect: str, own: Mapping[str, str] = MappingProxyType({})) -> str:
    """A subject as people say it. `own`: what the firm calls those it added (`analysis.reading.subjects.own_names`)."""
    return ASPECT_WORDS.get(aspect) or own.get(aspect) or aspect.replace("_", " ").capitalize()


def is_unread(abstained: str, language: str) -> bool:
    """Whether nothing was made of a comment, so that its verdict is none. `abstained`: why its reading is unsure."""
    return abstained in {"empty", "no language"} or (abstained == "language" and language == "unknown")


def unsure_words(abstained: str, language: str) -> str:
    """Why not to rely on a reading; "" where it is sure."""
    if is_unread(abstained, language):
        return UNREAD_WORDS[abstained]
    if abstained == "language":
        return f"Unsure: {LANGUAGES.get(language, 'this language')} is read in beta quality"
    return "Unsure" if abstained else ""


def severity_words(severity: float) -> str:
    """How grave what went wrong is; "" below a real failure."""
    if severity >= 0.9:
        return "Grave"
    if severity >= 0.75:
        return "Serious"
    return "Real failure" if severity >= 0.6 else ""
