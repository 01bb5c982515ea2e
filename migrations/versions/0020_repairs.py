"""One-tap repairs: what clients put right on their survey's link, and who is the one to ask."""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_STANDS = sa.text("state IN ('open', 'approved')")
_KINDS = ("not_finished", "wrong_person", "colleague", "left", "less")
_STATES = ("open", "approved", "declined", "undone")
_EVENTS = "ck_survey_events_surveyeventkind"


def _enum(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """One table, empty; nobody is known yet as the wrong one to ask."""
    op.add_column("contacts", sa.Column("wrong_at", survey.db.UTCDateTime(), nullable=True))
    op.add_column("jobs", sa.Column("contact_chosen_at", survey.db.UTCDateTime(), nullable=True))
    _create_repairs()
    _allow_events([*_allowed_events(), "repaired"])


def _create_repairs() -> None:
    op.create_table(
        "repairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", _enum("repairkind", _KINDS), nullable=False),
        sa.Column("state", _enum("repairstate", _STATES), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("why_open", sa.String(length=300), nullable=False),
        sa.Column("new_contact_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("asked_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("before", _DOCUMENT, nullable=False),
        sa.Column("at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("decided_at", survey.db.UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", survey.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_repairs_invitation_id_invitations"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_repairs_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_repairs_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["new_contact_id"], ["contacts.id"], name=op.f("fk_repairs_new_contact_id_contacts"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_repairs_decided_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repairs")),
    )
    for column in ("client_id", "contact_id", "new_contact_id", "token_hash"):
        op.create_index(op.f(f"ix_repairs_{column}"), "repairs", [column])
    op.create_index("ix_repairs_state_at", "repairs", ["state", "at"])
    op.create_index(
        "uq_repairs_standing",
        "repairs",
        ["invitation_id", "contact_id", "kind"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )


def _allowed_events() -> list[str]:
    """The kinds of evidence that the table takes as it stands, whatever came before this."""
    checks = sa.inspect(op.get_bind()).get_check_constraints("survey_events")
    return next(re.findall(r"'(\w+)'", check["sqltext"]) for check in checks if check["name"] == _EVENTS)


def _allow_events(kinds: list[str]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("survey_events") as table:
        table.drop_constraint(op.f(_EVENTS), type_="check")
        table.create_check_constraint(op.f(_EVENTS), f"kind IN ({listed})")


def downgrade() -> None:
    """What clients put right is lost; whom a survey went to stays."""
    op.execute("DELETE FROM survey_events WHERE kind = 'repaired'")
    _allow_events([kind for kind in _allowed_events() if kind != "repaired"])
    op.drop_table("repairs")
    op.drop_column("jobs", "contact_chosen_at")
    op.drop_column("contacts", "wrong_at")
