"""Sending in batches: urgent kinds are found by an index, and when the provider's log was asked is kept."""

import sqlalchemy as sa
from alembic import op

import survey.db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column and an index; no row changes."""
    op.add_column("email_messages", sa.Column("proof_asked_at", survey.db.UTCDateTime(), nullable=True))
    waits = sa.text("state = 'pending'")
    op.create_index(
        "ix_email_messages_queue", "email_messages", ["kind", "due_at"], sqlite_where=waits, postgresql_where=waits
    )


def downgrade() -> None:
    """Nothing is lost but when the log was last asked."""
    op.drop_index("ix_email_messages_queue", table_name="email_messages")
    op.drop_column("email_messages", "proof_asked_at")
