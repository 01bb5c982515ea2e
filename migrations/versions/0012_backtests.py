"""Backtests that are started on the desk: the run, its files, its weeks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_STATE = sa.Enum(
    "waiting",
    "running",
    "done",
    "failed",
    "cancelled",
    name="backteststate",
    native_enum=False,
    create_constraint=True,
    length=24,
)


def upgrade() -> None:
    """Three tables, all empty."""
    op.create_table(
        "backtests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", _STATE, nullable=False),
        sa.Column("own_history", sa.Boolean(), nullable=False),
        sa.Column("asked_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("counts", _DOCUMENT, nullable=False),
        sa.Column("problems", _DOCUMENT, nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", survey.db.UTCDateTime(), nullable=True),
        sa.Column("began_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("ended_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("stage_began_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("report", _DOCUMENT, nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.Column("clients", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["users.id"], name=op.f("fk_backtests_asked_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtests")),
    )
    op.create_index(op.f("ix_backtests_state"), "backtests", ["state"])
    op.create_table(
        "backtest_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("backtest_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["backtest_id"],
            ["backtests.id"],
            name=op.f("fk_backtest_files_backtest_id_backtests"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_files")),
        sa.UniqueConstraint("backtest_id", "kind", name=op.f("uq_backtest_files_backtest_id_kind")),
    )
    op.create_table(
        "backtest_weeks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("backtest_id", sa.Integer(), nullable=False),
        sa.Column("week", survey.db.UTCDateTime(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["backtest_id"],
            ["backtests.id"],
            name=op.f("fk_backtest_weeks_backtest_id_backtests"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_weeks")),
        sa.UniqueConstraint("backtest_id", "week", name=op.f("uq_backtest_weeks_backtest_id_week")),
    )


def downgrade() -> None:
    op.drop_table("backtest_weeks")
    op.drop_table("backtest_files")
    op.drop_index(op.f("ix_backtests_state"), table_name="backtests")
    op.drop_table("backtests")
