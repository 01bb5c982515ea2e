"""What results keep at hand: the verdict on each link, what each response adds to the figures; and who chose which
questionnaire for which jobs, and when.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import survey.db
from survey.tallies import tally_of

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

AT_ONCE = 1_000
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
_VISITS = ("opened", "shown", "trapped", "pressed")
_responses = sa.table("survey_responses", sa.column("id", sa.Integer), sa.column("tally", sa.Text))
_answers = sa.table(
    "answers",
    sa.column("response_id", sa.Integer),
    sa.column("question", sa.String),
    sa.column("number", sa.Integer),
    sa.column("managers_only", sa.Boolean),
)
_touchpoints = sa.table(
    "touchpoints", sa.column("response_id", sa.Integer), sa.column("step", sa.String), sa.column("value", sa.Integer)
)


def upgrade() -> None:
    """Responses are counted at once; links are marked, and the worker judges them within minutes."""
    _create_verdicts()
    op.create_table(
        "questionnaire_use_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("changes", _DOCUMENT, nullable=False),
        sa.Column("changed_at", survey.db.UTCDateTime(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["users.id"],
            name=op.f("fk_questionnaire_use_changes_changed_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_use_changes")),
    )
    op.add_column("survey_responses", sa.Column("tally", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_jobs_kind", "jobs", ["kind"])
    op.create_index("ix_resolution_staff_name", "resolution_staff", ["name"])
    op.create_index(
        "ix_invitations_way", "invitations", ["resolution_id", "state", "sent_at", "delivered_at", "version_id"]
    )
    connection = op.get_bind()
    for ids in _batches(connection):
        _count(connection, ids)
    kinds = ", ".join(f"'{kind}'" for kind in _VISITS)
    op.execute(
        "INSERT INTO link_verdicts (invitation_id, stale, pages) "  # noqa: S608  nothing here came from outside
        f"SELECT DISTINCT invitation_id, true, '' FROM survey_events WHERE kind IN ({kinds})"
    )


def _create_verdicts() -> None:
    op.create_table(
        "link_verdicts",
        sa.Column("invitation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column(
            "seen",
            sa.Enum("person", "machine", name="linkseen", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("pages", sa.Text(), nullable=False),
        sa.Column("clicked", sa.String(length=40), nullable=True),
        sa.Column("clicked_value", sa.Integer(), nullable=True),
        sa.Column("clicked_at", survey.db.UTCDateTime(), nullable=True),
        sa.CheckConstraint("stale OR seen IS NOT NULL", name=op.f("ck_link_verdicts_judged")),
        sa.CheckConstraint("(clicked IS NULL) = (clicked_at IS NULL)", name=op.f("ck_link_verdicts_click_dated")),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_link_verdicts_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_link_verdicts")),
    )
    op.create_index(
        "ix_link_verdicts_stale",
        "link_verdicts",
        ["invitation_id"],
        sqlite_where=sa.text("stale = 1"),
        postgresql_where=sa.text("stale"),
    )


def _batches(connection: sa.Connection) -> Iterator[list[int]]:
    last = 0
    while ids := connection.scalars(
        sa.select(_responses.c.id).where(_responses.c.id > last).order_by(_responses.c.id).limit(AT_ONCE)
    ).all():
        yield list(ids)
        last = ids[-1]


def _count(connection: sa.Connection, ids: list[int]) -> None:
    """Give these responses their tallies."""
    answers: dict[int, list[tuple[str, int | None, bool]]] = {number: [] for number in ids}
    steps: dict[int, list[tuple[str, int]]] = {number: [] for number in ids}
    between = ids[0], ids[-1]
    for number, *answer in connection.execute(sa.select(_answers).where(_answers.c.response_id.between(*between))):
        answers[number].append((answer[0], answer[1], answer[2]))
    for number, *step in connection.execute(
        sa.select(_touchpoints).where(_touchpoints.c.response_id.between(*between))
    ):
        steps[number].append((step[0], step[1]))
    connection.execute(
        sa.update(_responses).where(_responses.c.id == sa.bindparam("number")).values(tally=sa.bindparam("line")),
        [{"number": number, "line": tally_of(answers[number], steps[number])} for number in ids],
    )


def downgrade() -> None:
    """Nothing is lost but the history of who gets what: the rest follows from the answers and the evidence."""
    op.drop_index("ix_invitations_way", table_name="invitations")
    op.drop_index("ix_resolution_staff_name", table_name="resolution_staff")
    op.drop_index("ix_jobs_kind", table_name="jobs")
    op.drop_column("survey_responses", "tally")
    op.drop_table("questionnaire_use_changes")
    op.drop_table("link_verdicts")
