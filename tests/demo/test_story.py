"""The demo firm's story, before it is played."""

from datetime import timedelta

from demo.story import read_story
from tests.conftest import NOW


def test_the_story_has_forty_clients_and_eighteen_months() -> None:
    """The README's promise about the demo firm holds."""
    story = read_story(NOW)
    assert len(story.clients) == 40
    assert timedelta(days=500) < story.scenes[-1].at - story.scenes[0].at < timedelta(days=560)


def test_the_same_day_tells_the_same_story() -> None:
    """Two loads on one day give the same jobs and answers."""
    assert read_story(NOW) == read_story(NOW)


def test_the_story_moves_with_the_day() -> None:
    """Dates are relative: a day later every scene is a day later."""
    first, second = read_story(NOW), read_story(NOW + timedelta(days=1))
    assert [scene.at + timedelta(days=1) for scene in first.scenes] == [scene.at for scene in second.scenes]


def test_nothing_happens_in_the_future() -> None:
    """No scene lies after the day of loading."""
    assert max(scene.at for scene in read_story(NOW).scenes) <= NOW


def test_nobody_real_is_in_it() -> None:
    """Every address ends in .example, a domain that cannot receive mail (RFC 2606)."""
    story = read_story(NOW)
    addresses = [scene.record.contact_email for scene in story.scenes] + [person["email"] for person in story.owners]
    assert all(address.endswith(".example") for address in addresses)


def test_every_job_is_told_once() -> None:
    """External ids are unique, but for a job that was reopened and closed again."""
    closed = [scene.record.external_id for scene in read_story(NOW).scenes if not scene.reopened and not scene.bounced]
    again = {scene.record.external_id for scene in read_story(NOW).scenes if scene.reopened}
    assert len(closed) == len(set(closed)) + len(again)
