"""Where a message stands, what may follow, and what became of it after the provider took it. Pure."""

from enum import StrEnum

from survey.errors import ConflictError


class EmailState(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    """Waits for its `due_at`. No byte of the current try has left: either none was tried, or absence is proven."""

    CLAIMED = "claimed"
    """One worker holds it under a lease. Still no byte has left, so a lease that runs out leads back to pending."""

    SENDING = "sending"
    """Committed, with its attempt id, before the first byte. From here on only evidence decides what happened."""

    ACCEPTED = "accepted"
    """The provider took it: it said so, or an event that carries our attempt id proves it. Final."""

    REJECTED = "rejected"
    """The provider, or our own composing, refused it for good; trying again would fail again. Final."""

    UNKNOWN = "unknown"
    """The request left and no clear answer came back. It may be with the client, so it is never sent again blindly."""

    PARKED = "parked"
    """No proof either way in time. A person decides: send again and risk a double, or give up."""

    CANCELLED = "cancelled"
    """Our own policy, or a person, said no; `reason` says which. Final, unless an event proves it went out."""


class DeliveryState(StrEnum):
    """What became of an accepted message."""

    PROCESSED = "processed"
    """The provider has it and is about to deliver."""

    DEFERRED = "deferred"
    """The recipient's server asked to wait; the provider tries on for up to three days."""

    NO_RECEIPT = "no_receipt"
    """Nothing final was heard in three days. A late event still replaces this."""

    DELIVERED = "delivered"
    """The recipient's server took it."""

    BLOCKED = "blocked"
    """Refused for now (reputation, content, a full mailbox). The address itself may be good."""

    DROPPED = "dropped"
    """The provider did not even try: its own list says that the address bounced, complained or unsubscribed."""

    BOUNCED = "bounced"
    """Refused for good: the address does not exist."""

    COMPLAINED = "complained"
    """Delivered, and reported as spam by the person who got it."""


_S = EmailState

TRANSITIONS: dict[EmailState, frozenset[EmailState]] = {
    _S.PENDING: frozenset({_S.CLAIMED, _S.CANCELLED, _S.ACCEPTED}),
    _S.CLAIMED: frozenset({_S.SENDING, _S.PENDING, _S.CANCELLED, _S.REJECTED, _S.ACCEPTED}),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.REJECTED, _S.PENDING, _S.UNKNOWN, _S.PARKED}),
    _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.REJECTED, _S.PENDING, _S.PARKED}),
    _S.PARKED: frozenset({_S.ACCEPTED, _S.PENDING, _S.CANCELLED}),
    _S.CANCELLED: frozenset({_S.ACCEPTED}),
    _S.ACCEPTED: frozenset(),
    _S.REJECTED: frozenset(),
}
"""What may follow what. Accepted follows almost everything, because a signed event may prove at any later moment that
an earlier try was taken: it ends the wait for another try, and corrects a message that a person gave up."""

_RANK = {
    None: 0,
    DeliveryState.PROCESSED: 1,
    DeliveryState.DEFERRED: 2,
    DeliveryState.NO_RECEIPT: 3,
    DeliveryState.DELIVERED: 4,
    DeliveryState.BLOCKED: 5,
    DeliveryState.DROPPED: 6,
    DeliveryState.BOUNCED: 7,
    DeliveryState.COMPLAINED: 8,
}


def moved(current: EmailState, target: EmailState) -> EmailState:
    """`target`, if a message in `current` may become that.

    Raises:
        ConflictError: the move is not in `TRANSITIONS`.
    """
    if target not in TRANSITIONS[current]:
        raise ConflictError(f"An email that is {current} cannot become {target}.")
    return target


def advanced(current: DeliveryState | None, reported: DeliveryState) -> DeliveryState:
    """The delivery state after one more report. Reports come in any order and more than once; it never goes back."""
    return reported if current is None or _RANK[reported] > _RANK[current] else current
