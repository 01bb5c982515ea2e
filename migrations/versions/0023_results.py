"""What results need at hand

Revision ID: 0023_results
Revises: 0022_questionnaire_edits
"""

revision = "0023_results"
down_revision = "0022_questionnaire_edits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
