"""The firm's own settings: how it looks to its clients and when it may ask them."""

from sqlalchemy.orm import Session

from survey.models import Firm
from survey.questionnaire import DEFAULT_PROMISE


def get_firm(session: Session) -> Firm:
    """The firm of this installation; created with the defaults when there is none yet."""
    firm = session.get(Firm, 1)
    if firm is None:
        firm = Firm(id=1, promise=[step.as_dict() for step in DEFAULT_PROMISE], excluded_kinds=[])
        session.add(firm)
        session.flush()
    return firm
