"""What is known of a few clients is found by whose it is: never by going through what the whole firm has."""

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from analysis.scoring import evidence_queries, silences
from bench.large_firm import NOW

ABOUT_CLIENTS = {
    name: statement
    for module in (evidence_queries, silences)
    for name, statement in vars(module).items()
    if isinstance(statement, Select) and "IMPORTED" not in name
}


@pytest.mark.parametrize("name", ABOUT_CLIENTS)
def test_a_few_clients_are_found_by_whose_it_is(session: Session, name: str) -> None:
    """SQLite, which knows nothing of how much there is, must not begin with the states of all invitations."""
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL counts its rows")
    given = {"ids": list(range(1, 41)), "now": NOW}
    statement = ABOUT_CLIENTS[name]
    compiled = statement.params(given).compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True, "render_postcompile": True}
    )
    plan = [str(row.detail) for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    first = plan[0]
    assert first.startswith("SEARCH"), plan
    assert "(client_id=" in first or "clients USING INTEGER PRIMARY KEY" in first, plan
