"""What a client is told of what became of their answer."""

import sqlalchemy as sa
from alembic import op

import survey.db

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_STAGE = sa.Enum("seen", "doing", "done", name="updatestage", native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """One table, empty."""
    op.create_table(
        "client_updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("stage", _STAGE, nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("by", sa.Date(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("undone_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("fixed", sa.Boolean(), nullable=True),
        sa.Column("fixed_at", survey.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_updates_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["survey_responses.id"],
            name=op.f("fk_client_updates_response_id_survey_responses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_client_updates_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_updates")),
    )
    op.create_index(op.f("ix_client_updates_client_id"), "client_updates", ["client_id"])
    op.create_index(op.f("ix_client_updates_response_id"), "client_updates", ["response_id"])


def downgrade() -> None:
    """What clients were told is lost."""
    op.drop_table("client_updates")
