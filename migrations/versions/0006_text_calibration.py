"""Comments drawn at random and judged by a person, and the calibrations that are fitted to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_STATUS = sa.Enum(
    "proposed",
    "accepted",
    "rejected",
    "superseded",
    name="calibrationstatus",
    native_enum=False,
    create_constraint=True,
    length=24,
)


def upgrade() -> None:
    op.create_table(
        "spot_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("said", sa.String(length=10), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("drawn_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("label", sa.String(length=10), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", survey.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_spot_checks_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_spot_checks_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_checks")),
        sa.UniqueConstraint("answer_id", "text_hash", name=op.f("uq_spot_checks_answer_id_text_hash")),
    )
    op.create_index(op.f("ix_spot_checks_at"), "spot_checks", ["at"])
    op.create_table(
        "text_calibrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("status", _STATUS, nullable=False),
        sa.Column("base", sa.String(length=60), nullable=False),
        sa.Column("temperature", sa.Double(), nullable=False),
        sa.Column("negative", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("positive", sa.Double(), nullable=False),
        sa.Column("report", _DOCUMENT, nullable=False),
        sa.Column("proposed_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("decided_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("replaced_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_text_calibrations_decided_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_id"],
            ["text_calibrations.id"],
            name=op.f("fk_text_calibrations_replaced_id_text_calibrations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_calibrations")),
    )
    op.create_index(op.f("ix_text_calibrations_status"), "text_calibrations", ["status"])


def downgrade() -> None:
    op.drop_index(op.f("ix_text_calibrations_status"), table_name="text_calibrations")
    op.drop_table("text_calibrations")
    op.drop_index(op.f("ix_spot_checks_at"), table_name="spot_checks")
    op.drop_table("spot_checks")
