"""Who may read an answer: what is for managers only is left out of all that anybody else at the desk is shown.

One place decides it for every list, page, search and export there is and will be: the session of a request by somebody
who is no manager selects no such answer, whatever asks for it.
"""

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from survey.models import Answer

_LEFT_OUT = "managers-only answers are left out"


def leave_out_managers_only(session: Session, leave_out: bool) -> None:
    """Whether what this session selects from now on holds no answer that only managers may read."""
    session.info[_LEFT_OUT] = leave_out


@event.listens_for(Session, "do_orm_execute")
def _leave_out(state: ORMExecuteState) -> None:
    if state.is_select and state.session.info.get(_LEFT_OUT) and not state.is_column_load:
        state.statement = state.statement.options(
            with_loader_criteria(Answer, Answer.managers_only.is_(False), include_aliases=True)
        )
