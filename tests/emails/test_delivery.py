"""The states of a message: what may follow what, and what never goes back."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.delivery import TRANSITIONS, DeliveryState, EmailState, advanced, moved
from emails.words import status_of
from survey.errors import ConflictError

REPORTS = [state for state in DeliveryState if state is not DeliveryState.NO_RECEIPT]


def test_every_state_has_its_transitions() -> None:
    """No state is forgotten in the table."""
    assert set(TRANSITIONS) == set(EmailState)


@pytest.mark.parametrize("state", [EmailState.ACCEPTED, EmailState.REJECTED])
def test_final_states_lead_nowhere(state: EmailState) -> None:
    """An email that was accepted or refused for good stays so."""
    assert TRANSITIONS[state] == frozenset()


def test_unknown_is_never_sent_again_by_itself() -> None:
    """From unknown no path leads to sending that does not pass through pending, which needs proof or a person."""
    assert EmailState.SENDING not in TRANSITIONS[EmailState.UNKNOWN]
    assert EmailState.CLAIMED not in TRANSITIONS[EmailState.UNKNOWN]


def test_sending_is_reached_from_claimed_only() -> None:
    """No byte leaves without a lease."""
    assert [state for state, targets in TRANSITIONS.items() if EmailState.SENDING in targets] == [EmailState.CLAIMED]


def test_an_illegal_move_is_refused() -> None:
    """A move outside the table raises and names both states."""
    with pytest.raises(ConflictError, match=r"accepted cannot become pending"):
        moved(EmailState.ACCEPTED, EmailState.PENDING)


def test_the_end_does_not_depend_on_the_order_of_reports() -> None:
    """Events arrive in any order: the same reports always end in the same state."""
    for reports in itertools.combinations(REPORTS, 3):
        ends = set()
        for order in itertools.permutations(reports):
            state = None
            for report in order:
                state = advanced(state, report)
            ends.add(state)
        assert len(ends) == 1, reports


def test_a_late_event_replaces_no_receipt() -> None:
    """Hearing nothing for three days is not the last word; a report of processing adds nothing to it."""
    assert advanced(DeliveryState.NO_RECEIPT, DeliveryState.DELIVERED) is DeliveryState.DELIVERED
    assert advanced(DeliveryState.NO_RECEIPT, DeliveryState.PROCESSED) is DeliveryState.NO_RECEIPT


@pytest.mark.parametrize("state", list(EmailState))
@pytest.mark.parametrize("delivery", [None, *DeliveryState])
def test_every_state_has_words(state: EmailState, delivery: DeliveryState | None) -> None:
    """Whatever state a message is in, a person reads a label and a sentence."""
    status = status_of(state, delivery)
    assert status.label
    assert status.meaning.endswith(".")


@given(st.lists(st.sampled_from(EmailState), max_size=30))
def test_a_message_never_leaves_the_table(wishes: list[EmailState]) -> None:
    """Whatever is asked of a message, in any order: each step it takes is in the table, and final states stay final."""
    state = EmailState.PENDING
    for wish in wishes:
        before = state
        try:
            state = moved(state, wish)
        except ConflictError:
            assert wish not in TRANSITIONS[before]
            assert state is before
        else:
            assert wish in TRANSITIONS[before]
            assert before not in (EmailState.ACCEPTED, EmailState.REJECTED)
