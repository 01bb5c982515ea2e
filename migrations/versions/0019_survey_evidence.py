"""Evidence on a survey's link: the trap, presses that do not count, visits beyond the limit, answers set aside."""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_EVENTS = "ck_survey_events_surveyeventkind"
_NEW = ("trapped", "pressed", "set_aside", "restored")


def _enum(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    op.add_column("firm", sa.Column("count_unconfirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "visit_tallies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("visitor", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("last_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("details", _DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_visit_tallies_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_tallies")),
        sa.UniqueConstraint(
            "invitation_id", "kind", "visitor", name=op.f("uq_visit_tallies_invitation_id_kind_visitor")
        ),
    )
    _create_held_answers()
    _allow_events([*_allowed_events(), *_NEW])


def _create_held_answers() -> None:
    op.create_table(
        "held_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("why", _enum("heldwhy", ("pressed", "machine", "manager")), nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("reasons", _DOCUMENT, nullable=False),
        sa.Column("answers", _DOCUMENT, nullable=False),
        sa.Column("steps", _DOCUMENT, nullable=False),
        sa.Column("archive", _DOCUMENT, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("outcome", _enum("heldoutcome", ("confirmed", "counted", "restored")), nullable=True),
        sa.Column("ended_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_held_answers_outcome_dated")),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_held_answers_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_held_answers_user_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["users.id"], name=op.f("fk_held_answers_ended_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_answers")),
    )
    op.create_index("ix_held_answers_invitation_outcome", "held_answers", ["invitation_id", "outcome"])


def _allowed_events() -> list[str]:
    """The kinds of evidence that the table takes as it stands, whatever came before this."""
    checks = sa.inspect(op.get_bind()).get_check_constraints("survey_events")
    return next(re.findall(r"'(\w+)'", check["sqltext"]) for check in checks if check["name"] == _EVENTS)


def _allow_events(kinds: list[str]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("survey_events") as table:
        table.drop_constraint(op.f(_EVENTS), type_="check")
        table.create_check_constraint(op.f(_EVENTS), f"kind IN ({listed})")


def downgrade() -> None:
    """Answers that were held or set aside are lost; what counts stays."""
    op.execute("DELETE FROM survey_events WHERE kind IN ('trapped', 'pressed', 'set_aside', 'restored')")
    _allow_events([kind for kind in _allowed_events() if kind not in _NEW])
    op.drop_index("ix_held_answers_invitation_outcome", table_name="held_answers")
    op.drop_table("held_answers")
    op.drop_table("visit_tallies")
    op.drop_column("firm", "count_unconfirmed")
