"""The firm's logo

Revision ID: 0024_firm_logo
Revises: 0023_results
"""

revision = "0024_firm_logo"
down_revision = "0023_results"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
