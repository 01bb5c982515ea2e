"""Themes: what several clients say, where they say it, and when it was last looked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "themes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("renamed_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("named_by_id", sa.Integer(), nullable=True),
        sa.Column("words", _DOCUMENT, nullable=False),
        sa.Column("centroid", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("first_seen_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("hidden_at", survey.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["named_by_id"], ["users.id"], name=op.f("fk_themes_named_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_themes")),
    )
    op.create_table(
        "theme_mentions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("said_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("fit", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_theme_mentions_theme_id_themes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_theme_mentions_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_mentions")),
        sa.UniqueConstraint("theme_id", "answer_id", "start", name=op.f("uq_theme_mentions_theme_id_answer_id_start")),
    )
    op.create_index(op.f("ix_theme_mentions_answer_id"), "theme_mentions", ["answer_id"])
    op.create_index(op.f("ix_theme_mentions_said_at"), "theme_mentions", ["said_at"])
    op.create_table(
        "theme_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("since", survey.db.UTCDateTime(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_theme_runs_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_runs")),
    )


def downgrade() -> None:
    op.drop_table("theme_runs")
    op.drop_index(op.f("ix_theme_mentions_said_at"), table_name="theme_mentions")
    op.drop_index(op.f("ix_theme_mentions_answer_id"), table_name="theme_mentions")
    op.drop_table("theme_mentions")
    op.drop_table("themes")
