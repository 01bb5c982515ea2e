"""When surveys go out: weekdays, holidays, closed days, a delay by kind, several reminders, a pause, and a history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_FIRM = (
    "kind_delays",
    "send_weekdays",
    "keep_holidays",
    "country",
    "closed_days",
    "spread_minutes",
    "reminder_count",
    "reminder_every_days",
)


def upgrade() -> None:
    """A firm that exists already goes on writing at the hours it did: on every day, holidays too, and to the minute."""
    _extend_firm()
    for table in ("clients", "contacts"):
        op.add_column(table, sa.Column("country", sa.String(length=10), nullable=False, server_default=""))
    op.add_column("invitations", sa.Column("reminders_sent", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("invitations", sa.Column("delivered_at", survey.db.UTCDateTime(), nullable=True))
    op.execute("UPDATE invitations SET reminders_sent = 1, reminder_due_at = NULL WHERE reminded_at IS NOT NULL")
    op.execute(
        "UPDATE invitations SET delivered_at = (SELECT max(m.delivery_at) FROM email_messages m "
        "WHERE m.invitation_id = invitations.id AND m.kind = 'survey' AND m.delivery = 'delivered')"
    )
    _create_rule_sets()
    _create_pauses()


def _extend_firm() -> None:
    op.add_column("firm", sa.Column("kind_delays", _DOCUMENT, nullable=False, server_default="{}"))
    op.add_column("firm", sa.Column("send_weekdays", _DOCUMENT, nullable=False, server_default="[1, 2, 3, 4, 5, 6, 7]"))
    op.add_column("firm", sa.Column("keep_holidays", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("firm", sa.Column("country", sa.String(length=10), nullable=False, server_default=""))
    op.add_column("firm", sa.Column("closed_days", _DOCUMENT, nullable=False, server_default="[]"))
    op.add_column("firm", sa.Column("spread_minutes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("firm", sa.Column("reminder_count", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("firm", sa.Column("reminder_every_days", sa.Integer(), nullable=False, server_default="3"))


def _create_rule_sets() -> None:
    op.create_table(
        "survey_rule_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", _DOCUMENT, nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("set_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["users.id"], name=op.f("fk_survey_rule_sets_set_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_rule_sets")),
    )


def _create_pauses() -> None:
    op.create_table(
        "schedule_pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=True),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("paused_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("paused_by_id", sa.Integer(), nullable=True),
        sa.Column("resumed_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("resumed_by_id", sa.Integer(), nullable=True),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(in_force IS NULL) = (resumed_at IS NOT NULL)", name=op.f("ck_schedule_pauses_over_when_resumed")
        ),
        sa.ForeignKeyConstraint(
            ["paused_by_id"], ["users.id"], name=op.f("fk_schedule_pauses_paused_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["resumed_by_id"], ["users.id"], name=op.f("fk_schedule_pauses_resumed_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_pauses")),
        sa.UniqueConstraint("in_force", name=op.f("uq_schedule_pauses_in_force")),
    )


def downgrade() -> None:
    op.drop_table("schedule_pauses")
    op.drop_table("survey_rule_sets")
    op.drop_column("invitations", "delivered_at")
    op.drop_column("invitations", "reminders_sent")
    for table in ("contacts", "clients"):
        op.drop_column(table, "country")
    for name in reversed(_FIRM):
        op.drop_column("firm", name)
