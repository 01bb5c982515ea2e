"""The firm's own texts of the emails to clients, in versions; drafts of them; test emails."""

import sqlalchemy as sa
from alembic import op

import survey.db

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KIND = sa.Enum("survey", "reminder", name="textkind", native_enum=False, create_constraint=True, length=24)
_EMAILS = ("survey", "reminder", "flag_alert", "digest", "sign_in")
_CHECK = "ck_email_messages_emailkind"
_TEXT = "fk_email_messages_text_id_email_texts"


def upgrade() -> None:
    """Two empty tables; what has been sent so far went out with the built-in texts, which is no version."""
    op.create_table(
        "email_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", _KIND, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=True),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_email_texts_by_id_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_texts")),
        sa.UniqueConstraint("kind", "language", "version", name=op.f("uq_email_texts_kind_language_version")),
    )
    op.create_table(
        "email_drafts",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", _KIND, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_email_drafts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "language", name=op.f("pk_email_drafts")),
    )
    with op.batch_alter_table("email_messages") as table:
        table.add_column(sa.Column("text_id", sa.Integer(), nullable=True))
        table.drop_constraint(op.f(_CHECK), type_="check")
        table.create_check_constraint(op.f(_CHECK), _one_of((*_EMAILS, "test")))
        table.create_foreign_key(op.f(_TEXT), "email_texts", ["text_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    """The firm's own texts are lost, and which of them a message went out with."""
    op.execute("DELETE FROM email_messages WHERE kind = 'test'")
    with op.batch_alter_table("email_messages") as table:
        table.drop_constraint(op.f(_TEXT), type_="foreignkey")
        table.drop_constraint(op.f(_CHECK), type_="check")
        table.create_check_constraint(op.f(_CHECK), _one_of(_EMAILS))
        table.drop_column("text_id")
    op.drop_table("email_drafts")
    op.drop_table("email_texts")


def _one_of(kinds: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return f"kind IN ({listed})"
