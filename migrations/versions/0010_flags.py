"""Flags that a person can work off: why so severe, how many a week, what changed since, who looks bad and is not flagged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_SEVERITY = sa.Enum("severe", "high", "moderate", name="severity", native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """What has no row in flag_days is taken as unchanged: the first comparison says what changes from now on."""
    op.add_column("flags", sa.Column("severity_why", sa.String(length=300), nullable=False, server_default=""))
    op.add_column(
        "relationship_states", sa.Column("looks_bad", sa.String(length=300), nullable=False, server_default="")
    )
    op.add_column("relationship_states", sa.Column("looks_bad_at", survey.db.UTCDateTime(), nullable=True))
    op.add_column("firm", sa.Column("calls_per_week", sa.Integer(), nullable=False, server_default="10"))
    op.add_column("users", sa.Column("calls_per_week", sa.Integer(), nullable=True))
    op.create_table(
        "flag_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flag_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("severity", _SEVERITY, nullable=False),
        sa.Column("risk", sa.Double(), nullable=False),
        sa.Column("evidence", _DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_flag_days_flag_id_flags"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_flag_days_client_id_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_days")),
        sa.UniqueConstraint("flag_id", "day", name=op.f("uq_flag_days_flag_id_day")),
    )
    op.create_index(op.f("ix_flag_days_client_id"), "flag_days", ["client_id"])
    op.create_index(op.f("ix_flag_days_day"), "flag_days", ["day"])


def downgrade() -> None:
    op.drop_table("flag_days")
    op.drop_column("users", "calls_per_week")
    op.drop_column("firm", "calls_per_week")
    op.drop_column("relationship_states", "looks_bad_at")
    op.drop_column("relationship_states", "looks_bad")
    op.drop_column("flags", "severity_why")
