"""How the states of an email read to a person. Pure."""

from dataclasses import dataclass

from emails.delivery import DeliveryState, EmailState


@dataclass(frozen=True)
class Status:
    """A short label, its tone (as templates/macros/ui.html names them), and one sentence of what it means."""

    label: str
    tone: str
    meaning: str


_STATES = {
    EmailState.PENDING: Status("Waiting", "muted", "It goes out when it is due."),
    EmailState.CLAIMED: Status("Waiting", "muted", "The worker is about to send it."),
    EmailState.SENDING: Status("Sending", "info", "It is being handed over right now."),
    EmailState.ACCEPTED: Status("Sent", "info", "It was handed over. Whether it arrived is not known yet."),
    EmailState.REJECTED: Status("Refused", "danger", "It was refused for good. Trying again would fail again."),
    EmailState.UNKNOWN: Status(
        "Unclear", "warning", "No clear answer came back. It is not sent again until that is settled."
    ),
    EmailState.PARKED: Status("Parked", "warning", "A person must decide whether to send it again."),
    EmailState.CANCELLED: Status("Not sent", "muted", "It was called off before it went out."),
}
_DELIVERIES = {
    DeliveryState.PROCESSED: Status("Sent", "info", "The provider is about to deliver it."),
    DeliveryState.DEFERRED: Status("Delayed", "warning", "The recipient’s server asked to wait. It is being retried."),
    DeliveryState.DELIVERED: Status("Delivered", "good", "The recipient’s server took it."),
    DeliveryState.BOUNCED: Status("Bounced", "danger", "The address does not exist. Nothing more is sent to it."),
    DeliveryState.BLOCKED: Status("Blocked", "danger", "It was refused this time. The address itself may be good."),
    DeliveryState.DROPPED: Status("Dropped", "danger", "The provider did not try: it has the address on its own list."),
    DeliveryState.COMPLAINED: Status("Spam complaint", "danger", "It arrived, and was reported as spam."),
    DeliveryState.NO_RECEIPT: Status("No receipt", "warning", "Sent three days ago, and nothing was heard since."),
}

KINDS = {
    "survey": "Survey",
    "reminder": "Reminder",
    "flag_alert": "Flag alert",
    "digest": "Digest",
    "sign_in": "Sign-in link",
    "test": "Test",
}
SUPPRESSED = {
    "bounced": Status("Bounced", "danger", "The address does not exist."),
    "unsubscribed": Status("Unsubscribed", "muted", "They asked not to be asked."),
    "complained": Status("Spam complaint", "danger", "They reported an email as spam."),
    "manual": Status("By hand", "muted", "Somebody here stopped it."),
}
SCOPES = {
    "all": "Nothing at all",
    "after_job": "No questions after a job",
    "reminder": "No reminders",
}
STOPS = {"all": "Everything", "after_job": "Questions after a job, and their reminders", "reminder": "Reminders only"}
REPLIES = {
    "received": Status("New", "muted", "It is being looked at."),
    "comment": Status("Comment", "good", "Its words are a comment on the job."),
    "stop": Status("Stop", "warning", "They are asked no more."),
    "automatic": Status("Automatic", "muted", "A machine answered, so it says nothing."),
    "empty": Status("Empty", "muted", "There was nothing new in it."),
    "quarantined": Status("Look at it", "danger", "It is not sure whose it is, or to what."),
    "dismissed": Status("Dismissed", "muted", "It counts for nothing."),
}


def status_of(state: EmailState, delivery: DeliveryState | None) -> Status:
    """What to say of a message: what became of it if it was accepted and that is known, else where it stands."""
    return _DELIVERIES[delivery] if state is EmailState.ACCEPTED and delivery is not None else _STATES[state]
