"""Emails that are still open are found by two small indexes, and a step of sending writes into none."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SETTLED = "state IN ('accepted', 'rejected', 'cancelled')"
_ROOM = {"email_messages": 50, "email_attempts": 50}


def upgrade() -> None:
    """`settled` follows from the state. An attempt's id stays unique where it is made, in `email_attempts`."""
    op.drop_index("ix_email_messages_queue", table_name="email_messages")
    op.drop_index("ix_email_messages_state_due", table_name="email_messages")
    with _children_kept(), op.batch_alter_table("email_messages") as table:
        table.drop_constraint(op.f("uq_email_messages_attempt_id"), type_="unique")
        table.add_column(sa.Column("settled", sa.Boolean(), sa.Computed(_SETTLED, persisted=True), nullable=False))
    still_open = {"sqlite_where": sa.text("settled = 0"), "postgresql_where": sa.text("NOT settled")}
    op.create_index("ix_email_messages_open", "email_messages", ["due_at", "id"], **still_open)
    op.create_index("ix_email_messages_open_kind", "email_messages", ["kind", "due_at"], **still_open)
    if not _on_sqlite():
        for table_name, percent in _ROOM.items():
            op.execute(f"ALTER TABLE {table_name} SET (fillfactor = {percent})")  # of pages to come


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index("ix_email_messages_open_kind", table_name="email_messages")
    op.drop_index("ix_email_messages_open", table_name="email_messages")
    with _children_kept(), op.batch_alter_table("email_messages") as table:
        table.drop_column("settled")
        table.create_unique_constraint(op.f("uq_email_messages_attempt_id"), ["attempt_id"])
    waits = sa.text("state = 'pending'")
    op.create_index("ix_email_messages_state_due", "email_messages", ["state", "due_at"])
    op.create_index(
        "ix_email_messages_queue", "email_messages", ["kind", "due_at"], sqlite_where=waits, postgresql_where=waits
    )
    if not _on_sqlite():
        for table_name in _ROOM:
            op.execute(f"ALTER TABLE {table_name} RESET (fillfactor)")


@contextmanager
def _children_kept() -> Iterator[None]:
    """SQLite builds the table anew, and with the old one its attempts and what events are about would go."""
    if not _on_sqlite():
        yield
        return
    op.execute("CREATE TEMPORARY TABLE kept_attempts AS SELECT * FROM email_attempts")
    op.execute("CREATE TEMPORARY TABLE kept_events AS SELECT id, message_id FROM delivery_events")
    yield
    op.execute("INSERT INTO email_attempts SELECT * FROM kept_attempts")
    op.execute(
        "UPDATE delivery_events SET message_id = kept_events.message_id FROM kept_events "
        "WHERE kept_events.id = delivery_events.id"
    )
    op.execute("DROP TABLE kept_attempts")
    op.execute("DROP TABLE kept_events")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
