"""What is usual for the firm is kept, and what is due for scoring is found by indexes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_NEWS = sa.text("evidence_version <> scored_version")


def upgrade() -> None:
    """Nothing has to be scored again for it: what was scored is known from the states."""
    op.create_table(
        "firm_levels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("levels", _DOCUMENT, nullable=False),
        sa.Column("seen", _DOCUMENT, nullable=False),
        sa.Column("counted_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("checked_at", survey.db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_levels")),
    )
    op.add_column("relationship_states", sa.Column("levels_version", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_relationship_states_levels_version"), "relationship_states", ["levels_version"])
    op.add_column("clients", sa.Column("scored_version", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE clients SET scored_version = COALESCE("
        "(SELECT s.evidence_version FROM relationship_states s WHERE s.client_id = clients.id), 0)"
    )
    op.create_index("ix_survey_responses_origin_submitted", "survey_responses", ["origin", "submitted_at"])
    op.create_index("ix_clients_news", "clients", ["id"], sqlite_where=_NEWS, postgresql_where=_NEWS)


def downgrade() -> None:
    """What is usual is then counted for every batch again."""
    op.drop_index("ix_clients_news", "clients")
    op.drop_index("ix_survey_responses_origin_submitted", "survey_responses")
    op.drop_column("clients", "scored_version")
    op.drop_index("ix_relationship_states_levels_version", "relationship_states")
    op.drop_column("relationship_states", "levels_version")
    op.drop_table("firm_levels")
