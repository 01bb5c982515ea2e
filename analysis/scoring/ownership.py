"""Whose client it is."""

from datetime import datetime

from sqlalchemy.orm import Session

from analysis.models import FollowUp, FollowUpKind
from survey.errors import NotFoundError
from survey.models import Client
from survey.users import User


def give_client(session: Session, client: Client, owner_id: int | None, user_id: int | None, now: datetime) -> None:
    """Give a client to a person, or to nobody (`None`), and keep who did it when. No change leaves no trace.

    Raises:
        NotFoundError: no such active person.
    """
    if client.owner_id == owner_id:
        return
    owner = session.get(User, owner_id) if owner_id is not None else None
    if owner_id is not None and (owner is None or not owner.active):
        raise NotFoundError("There is no such person to give this client to.")
    before, client.owner_id = client.owner_id, owner_id
    session.add(
        FollowUp(
            client_id=client.id,
            kind=FollowUpKind.ASSIGNED,
            user_id=user_id,
            at=now,
            note=f"Client given to {owner.display_name}" if owner else "Client given back: nobody looks after it",
            details={"owner_before": before},
        )
    )
    session.flush()
