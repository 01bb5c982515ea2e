"""What a reading says of sentences, severity and doubt; people's corrections; full-text search over answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db
from survey import full_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    """Plain ADD COLUMN: batch mode would copy and drop the table, and what refers to it would go with it."""
    op.add_column("answer_analyses", sa.Column("sentences", _DOCUMENT, nullable=False, server_default="[]"))
    op.add_column("answer_analyses", sa.Column("severity", sa.Double(), nullable=False, server_default="0"))
    op.add_column("answer_analyses", sa.Column("abstained", sa.String(length=20), nullable=False, server_default=""))
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=True),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("said_sentiment", sa.String(length=10), nullable=False),
        sa.Column("sentiment", sa.String(length=10), nullable=True),
        sa.Column("said_aspects", _DOCUMENT, nullable=False),
        sa.Column("aspects", _DOCUMENT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("undone_at", survey.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_corrections_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["answer_analyses.id"],
            name=op.f("fk_corrections_analysis_id_answer_analyses"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_corrections_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_answer_id"), "corrections", ["answer_id"])
    op.create_index(op.f("ix_corrections_at"), "corrections", ["at"])
    full_text.create(op.get_bind())


def downgrade() -> None:
    full_text.drop(op.get_bind())
    op.drop_index(op.f("ix_corrections_at"), table_name="corrections")
    op.drop_index(op.f("ix_corrections_answer_id"), table_name="corrections")
    op.drop_table("corrections")
    op.drop_column("answer_analyses", "abstained")
    op.drop_column("answer_analyses", "severity")
    op.drop_column("answer_analyses", "sentences")
