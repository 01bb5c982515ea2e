"""The firm's logo: what pages need to know of it, and the pictures themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    """No firm has a logo yet; its first letter goes on standing for it."""
    op.add_column("firm", sa.Column("logo", _DOCUMENT, server_default="{}", nullable=False))
    op.create_table(
        "firm_logos",
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("about", _DOCUMENT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("chosen_at", survey.db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_firm_logos")),
    )


def downgrade() -> None:
    """The pictures are lost."""
    op.drop_table("firm_logos")
    op.drop_column("firm", "logo")
