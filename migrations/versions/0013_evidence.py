"""Evidence: since when a contact decides, what a client cares about, and the picture of a relationship beside its risk."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("decides_since", survey.db.UTCDateTime(), nullable=True))
    op.add_column("clients", sa.Column("interests", sa.Text(), nullable=False, server_default=""))
    op.add_column("relationship_states", sa.Column("picture", _DOCUMENT, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("relationship_states", "picture")
    op.drop_column("clients", "interests")
    op.drop_column("contacts", "decides_since")
