"""Replies by email; suppressions with a scope, evidence and history; "ask me less"."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_STANDS = sa.text("lifted_at IS NULL")
_KINDS = ("opened", "shown", "confirmed", "changed", "unsubscribed")
_SCOPES = ("all", "after_job", "reminder")
_STATES = ("received", "comment", "stop", "automatic", "empty", "quarantined", "dismissed")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def upgrade() -> None:
    """An address that was freed and stopped again has two rows from now on: one for each time."""
    op.add_column("contacts", sa.Column("asks_less_at", survey.db.UTCDateTime(), nullable=True))
    _create_replies()
    with op.batch_alter_table("suppressions") as table:
        table.add_column(sa.Column("scope", sa.String(length=24), server_default="all", nullable=False))
        table.add_column(sa.Column("evidence", _DOCUMENT, server_default="{}", nullable=False))
        table.drop_constraint(op.f("uq_suppressions_email_reason"), type_="unique")
        table.create_check_constraint(op.f("ck_suppressions_suppressionscope"), _one_of("scope", _SCOPES))
    op.create_index(
        "uq_suppressions_standing",
        "suppressions",
        ["email", "scope", "reason"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )
    op.create_index(op.f("ix_suppressions_email"), "suppressions", ["email"])
    _allow_events((*_KINDS, "replied", "preferred"))


def downgrade() -> None:
    """Of an address's rows for one reason the newest is kept; a narrower scope is gone with its column."""
    op.execute("DELETE FROM survey_events WHERE kind IN ('replied', 'preferred')")
    _allow_events(_KINDS)
    op.drop_index(op.f("ix_suppressions_email"), table_name="suppressions")
    op.drop_index("uq_suppressions_standing", table_name="suppressions")
    op.execute("DELETE FROM suppressions WHERE scope = 'reminder'")
    op.execute("DELETE FROM suppressions WHERE id NOT IN (SELECT max(id) FROM suppressions GROUP BY email, reason)")
    with op.batch_alter_table("suppressions") as table:
        table.drop_constraint(op.f("ck_suppressions_suppressionscope"), type_="check")
        table.drop_column("evidence")
        table.drop_column("scope")
        table.create_unique_constraint(op.f("uq_suppressions_email_reason"), ["email", "reason"])
    op.drop_table("replies")
    op.drop_column("contacts", "asks_less_at")


def _create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("once_key", sa.String(length=80), nullable=False),
        sa.Column("received_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("from_email", sa.String(length=254), nullable=False),
        sa.Column("from_name", sa.String(length=200), nullable=False),
        sa.Column("to_email", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("headers", _DOCUMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("own_words", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Integer(), nullable=False),
        sa.Column("authentic", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*_STATES, name="replystate", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("processed_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", survey.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_replies_invitation_id_invitations"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_replies_answer_id_answers"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_replies_decided_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("once_key", name=op.f("uq_replies_once_key")),
    )
    op.create_index(op.f("ix_replies_invitation_id"), "replies", ["invitation_id"])
    op.create_index(op.f("ix_replies_answer_id"), "replies", ["answer_id"])
    op.create_index("ix_replies_state_received", "replies", ["state", "received_at"])


def _allow_events(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("survey_events") as table:
        table.drop_constraint(op.f("ck_survey_events_surveyeventkind"), type_="check")
        table.create_check_constraint(op.f("ck_survey_events_surveyeventkind"), _one_of("kind", kinds))
