"""Questionnaires as versioned documents, which kind of job gets which, and answers kept apart from who gave them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_ANSWERING = ("invitations", "survey_responses")


def upgrade() -> None:
    """Four tables, empty; surveys of before have no version: they asked what the first questionnaire asks."""
    _create_questionnaires()
    op.create_table(
        "confidential_answers",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=6000), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.CheckConstraint("number IS NOT NULL OR text IS NOT NULL", name=op.f("ck_confidential_answers_not_empty")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["questionnaire_versions.id"],
            name=op.f("fk_confidential_answers_version_id_questionnaire_versions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_confidential_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_confidential_answers_version_id"), "confidential_answers", ["version_id"])
    op.add_column("answers", sa.Column("managers_only", sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in _ANSWERING:
        op.add_column(table, sa.Column("version_id", sa.Integer(), nullable=True))
        op.create_index(op.f(f"ix_{table}_version_id"), table, ["version_id"])


def _create_questionnaires() -> None:
    op.create_table(
        "questionnaires",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("draft", _DOCUMENT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("changed_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("archived_at", survey.db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaires")),
        sa.UniqueConstraint("name", name=op.f("uq_questionnaires_name")),
    )
    op.create_table(
        "questionnaire_uses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name=op.f("ck_questionnaire_uses_share_percent")),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"],
            ["questionnaires.id"],
            name=op.f("fk_questionnaire_uses_questionnaire_id_questionnaires"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_uses")),
        sa.UniqueConstraint("kind", name=op.f("uq_questionnaire_uses_kind")),
    )
    op.create_index(op.f("ix_questionnaire_uses_questionnaire_id"), "questionnaire_uses", ["questionnaire_id"])
    op.create_table(
        "questionnaire_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", _DOCUMENT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("changes", _DOCUMENT, nullable=False),
        sa.Column("published_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("published_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["users.id"],
            name=op.f("fk_questionnaire_versions_published_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"],
            ["questionnaires.id"],
            name=op.f("fk_questionnaire_versions_questionnaire_id_questionnaires"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_versions")),
        sa.UniqueConstraint(
            "questionnaire_id", "number", name=op.f("uq_questionnaire_versions_questionnaire_id_number")
        ),
    )


def downgrade() -> None:
    """What was asked, and confidential answers, are lost; named answers stay, but for those to questions of their own."""
    for table in reversed(_ANSWERING):
        op.drop_index(op.f(f"ix_{table}_version_id"), table_name=table)
        op.drop_column(table, "version_id")
    op.drop_column("answers", "managers_only")
    op.drop_table("confidential_answers")
    op.drop_table("questionnaire_versions")
    op.drop_table("questionnaire_uses")
    op.drop_table("questionnaires")
