"""Subjects that a firm adds by example sentences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "own_aspects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("examples", _DOCUMENT, nullable=False),
        sa.Column("previous", _DOCUMENT, nullable=True),
        sa.Column("trial", _DOCUMENT, nullable=True),
        sa.Column("tried_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("created_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("archived_at", survey.db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_aspects")),
        sa.UniqueConstraint("key", name=op.f("uq_own_aspects_key")),
    )


def downgrade() -> None:
    op.drop_table("own_aspects")
