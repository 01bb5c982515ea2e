"""What a risk was made of, kept; loss weights refit by the firm; what was said month by month; drift."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_KIND = sa.Enum("points", "loss", name="calibrationkind", native_enum=False, create_constraint=True, length=24)
_ESTIMATED = ("relationship_states", "flags")


def upgrade() -> None:
    """Rows of before keep no inputs: they are written when a client is next scored."""
    for table in _ESTIMATED:
        for name in ("risk_low", "risk_high", "baseline"):
            op.add_column(table, sa.Column(name, sa.Double(), nullable=True))
        op.add_column(table, sa.Column("too_little", sa.String(length=200), nullable=False, server_default=""))
        op.add_column(table, sa.Column("inputs", _DOCUMENT, nullable=False, server_default="{}"))
    op.add_column("flags", sa.Column("raised_with", _DOCUMENT, nullable=False, server_default="{}"))
    op.add_column("outcomes", sa.Column("inputs", _DOCUMENT, nullable=False, server_default="{}"))
    with op.batch_alter_table("calibrations") as batch:
        batch.add_column(sa.Column("kind", _KIND, nullable=False, server_default="points"))
        batch.add_column(sa.Column("base", sa.String(length=60), nullable=False, server_default=""))
        batch.add_column(sa.Column("replaced_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_calibrations_replaced_id_calibrations"),
            "calibrations",
            ["replaced_id"],
            ["id"],
            ondelete="SET NULL",
        )
    _create_refit_runs()
    _create_risk_readings()


def _create_refit_runs() -> None:
    op.create_table(
        "refit_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("started_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("beat_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("finished_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.Column("calibration_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["users.id"], name=op.f("fk_refit_runs_asked_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["calibration_id"],
            ["calibrations.id"],
            name=op.f("fk_refit_runs_calibration_id_calibrations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refit_runs")),
    )


def _create_risk_readings() -> None:
    op.create_table(
        "risk_readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("month", survey.db.UTCDateTime(), nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("risk", sa.Double(), nullable=False),
        sa.Column("too_little", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("features", _DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_risk_readings_client_id_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_readings")),
        sa.UniqueConstraint("client_id", "month", name=op.f("uq_risk_readings_client_id_month")),
    )
    op.create_index(op.f("ix_risk_readings_month"), "risk_readings", ["month"])
    op.create_table(
        "drift_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", survey.db.UTCDateTime(), nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("found", _DOCUMENT, nullable=False),
        sa.Column("crossed", _DOCUMENT, nullable=False),
        sa.Column("news", _DOCUMENT, nullable=False),
        sa.Column("told_at", survey.db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_checks")),
        sa.UniqueConstraint("day", name=op.f("uq_drift_checks_day")),
    )


def downgrade() -> None:
    op.drop_table("drift_checks")
    op.drop_index(op.f("ix_risk_readings_month"), table_name="risk_readings")
    op.drop_table("risk_readings")
    op.drop_table("refit_runs")
    op.execute("DELETE FROM calibrations WHERE kind <> 'points'")
    with op.batch_alter_table("calibrations") as batch:
        batch.drop_constraint(op.f("fk_calibrations_replaced_id_calibrations"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_calibrations_calibrationkind"), type_="check")
        batch.drop_column("replaced_id")
        batch.drop_column("base")
        batch.drop_column("kind")
    op.drop_column("outcomes", "inputs")
    op.drop_column("flags", "raised_with")
    for table in reversed(_ESTIMATED):
        for name in ("inputs", "too_little", "baseline", "risk_high", "risk_low"):
            op.drop_column(table, name)
