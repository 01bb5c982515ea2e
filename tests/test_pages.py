"""Every page that can be reached by links: valid HTML, and no link that leads nowhere."""

from collections import Counter
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tinyhtml5.parser import HTMLParser
from werkzeug.exceptions import HTTPException

from survey import clock, tokens
from survey.questionnaires import drafts, library, versions
from tests.analysis.desk_rows import make_desk
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_invitation

XHTML = "{http://www.w3.org/1999/xhtml}"
EACH = 1  # page of one route
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "list", "form")


@pytest.mark.once
@pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")  # in Flask-Security
def test_every_page_is_valid_and_no_link_is_dead(app: Flask, session: Session, admin: FlaskClient) -> None:
    """What an admin can reach from the desk and a client from a survey: as parsed by the HTML standard's algorithm."""
    make_desk(session, NOW)
    questionnaire = drafts.create(session, "After contact", library.document("ces"), NOW)
    versions.publish(session, questionnaire, [], None, NOW)
    invitation = make_invitation(session)
    waiting = ["/desk/", "/mailbox/", "/promise", f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"]
    seen: Counter[str] = Counter()
    problems: list[str] = []
    with clock.fixed_at(NOW):
        while waiting:
            address = waiting.pop(0)
            route = _route_of(app, address)
            if seen[route] >= EACH:
                continue
            seen[route] += 1
            response = admin.get(address)
            if response.status_code in {302, 303}:
                waiting.append(response.location)
            elif response.status_code != 200:
                problems.append(f"{address}: {response.status_code}")
            elif response.mimetype == "text/html":
                wrong, links = _read(response.text)
                problems.extend(f"{address}: {said}" for said in wrong)
                waiting.extend(urljoin(address, link) for link in links)
    assert problems == []
    assert len(seen) > 80


def _route_of(app: Flask, address: str) -> str:
    try:
        endpoint, arguments = app.url_map.bind("localhost").match(urlsplit(address).path, "GET")
    except HTTPException:
        return address  # nowhere: that is said when it is asked for
    return f"{endpoint} {arguments.get('state', '')}{arguments.get('page', '')}"


def _read(html: str) -> tuple[list[str], list[str]]:
    """What is wrong with a page, and where it leads inside this installation."""
    parser = HTMLParser()
    tree = parser.parse(html)
    lines = html.splitlines()
    wrong = [f"{code} {found}: {lines[place[0] - 1].strip()[:120]}" for place, code, found in parser.errors]
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    ids = Counter(element.attrib["id"] for element in elements if "id" in element.attrib)
    wrong += [f"twice the id {name}" for name, times in ids.items() if times > 1]
    for element in elements:
        for attribute in REFERENCES:
            missing = [name for name in element.attrib.get(attribute, "").split() if name not in ids]
            wrong += [f"{element.tag.removeprefix(XHTML)} {attribute} names no element: {name}" for name in missing]
    links = [element.attrib.get("href", "") for element in elements if element.tag == f"{XHTML}a"]
    return wrong, [link.partition("#")[0] for link in links if _is_here(link)]


def _is_here(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.path) and not parts.scheme and not parts.netloc
