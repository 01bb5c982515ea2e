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
    op.add_column("email_messages", sa.Column("text_id", sa.Integer(), nullable=True))
    _allow_emails(_EMAILS, (*_EMAILS, "test"))


def downgrade() -> None:
    """The firm's own texts are lost, and which of them a message went out with."""
    op.execute("DELETE FROM email_messages WHERE kind = 'test'")
    _allow_emails((*_EMAILS, "test"), _EMAILS)
    op.drop_column("email_messages", "text_id")
    op.drop_table("email_drafts")
    op.drop_table("email_texts")


def _allow_emails(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Change which kinds of email there may be.

    On SQLite in the table's own definition, as sqlite.org/lang_altertable.html describes (section 7): batch mode would
    drop the table, and with it every attempt, and of every delivery event what it was about.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(_CHECK), "email_messages", type_="check")
        op.create_check_constraint(op.f(_CHECK), "email_messages", _one_of(after))
        return
    version = op.get_bind().execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    changed = op.get_bind().execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'email_messages' AND instr(sql, :before)"
        ),
        {"before": _one_of(before), "after": _one_of(after)},
    )
    assert changed.rowcount == 1, "the table of emails is not defined as the migrations before this one left it"
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _one_of(kinds: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return f"kind IN ({listed})"
