"""The ladder: rules that people edit, moves with evidence and a next step, referrals; contested ratings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_STANDS, _NOT_WITHDRAWN = sa.text("undone_at IS NULL"), sa.text("withdrawn_at IS NULL")
_VERDICT = sa.Enum("counts", "set_aside", name="verdict", native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """Referrals that were known as `clients.referred_by_id` get a row, dated by the day that the client came."""
    op.add_column("ladder_moves", sa.Column("evidence", _DOCUMENT, nullable=False, server_default="[]"))
    op.add_column("ladder_moves", sa.Column("next_step", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("ladder_moves", sa.Column("by_rules", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "relationship_states", sa.Column("next_step", sa.String(length=300), nullable=False, server_default="")
    )
    op.add_column("relationship_states", sa.Column("ladder_rules_id", sa.Integer(), nullable=True))
    op.create_table(
        "ladder_rule_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", _DOCUMENT, nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("set_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["users.id"], name=op.f("fk_ladder_rule_sets_set_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_rule_sets")),
    )
    _create_referrals()
    _create_rating_contests()


def _create_referrals() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("referred_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", survey.db.UTCDateTime(), nullable=True),
        sa.CheckConstraint("referred_id IS NULL OR referred_id <> client_id", name=op.f("ck_referrals_somebody_else")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_referrals_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["referred_id"], ["clients.id"], name=op.f("fk_referrals_referred_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_referrals_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
    )
    op.create_index(op.f("ix_referrals_client_id"), "referrals", ["client_id"])
    op.create_index(
        "uq_referrals_standing_referred",
        "referrals",
        ["referred_id"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )
    op.execute(
        "INSERT INTO referrals (client_id, referred_id, name, at) "
        "SELECT referred_by_id, id, name, created_at FROM clients "
        "WHERE referred_by_id IS NOT NULL AND referred_by_id <> id"
    )


def _create_rating_contests() -> None:
    op.create_table(
        "rating_contests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("contested_by_id", sa.Integer(), nullable=True),
        sa.Column("contested_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("due_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("verdict", _VERDICT, nullable=True),
        sa.Column("review_note", sa.Text(), nullable=False),
        sa.Column("reviewed_by_id", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("withdrawn_at", survey.db.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "reviewed_by_id IS NULL OR reviewed_by_id <> contested_by_id",
            name=op.f("ck_rating_contests_second_reviewer"),
        ),
        sa.CheckConstraint("(verdict IS NULL) = (reviewed_at IS NULL)", name=op.f("ck_rating_contests_verdict_dated")),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["survey_responses.id"],
            name=op.f("fk_rating_contests_response_id_survey_responses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contested_by_id"],
            ["users.id"],
            name=op.f("fk_rating_contests_contested_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"],
            ["users.id"],
            name=op.f("fk_rating_contests_reviewed_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_contests")),
    )
    op.create_index(op.f("ix_rating_contests_name"), "rating_contests", ["name"])
    op.create_index(
        "uq_rating_contests_standing",
        "rating_contests",
        ["response_id", "name"],
        unique=True,
        sqlite_where=_NOT_WITHDRAWN,
        postgresql_where=_NOT_WITHDRAWN,
    )


def downgrade() -> None:
    op.drop_index("uq_rating_contests_standing", table_name="rating_contests")
    op.drop_index(op.f("ix_rating_contests_name"), table_name="rating_contests")
    op.drop_table("rating_contests")
    op.drop_index("uq_referrals_standing_referred", table_name="referrals")
    op.drop_index(op.f("ix_referrals_client_id"), table_name="referrals")
    op.drop_table("referrals")
    op.drop_table("ladder_rule_sets")
    op.drop_column("relationship_states", "ladder_rules_id")
    op.drop_column("relationship_states", "next_step")
    op.drop_column("ladder_moves", "by_rules")
    op.drop_column("ladder_moves", "next_step")
    op.drop_column("ladder_moves", "evidence")
