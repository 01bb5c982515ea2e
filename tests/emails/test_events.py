"""SendGrid's events: signatures and meaning."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from emails.delivery import DeliveryState
from emails.events import (
    SIGNATURE_HEADER,
    BadEventError,
    BadSignatureError,
    Hit,
    event_id,
    load_keys,
    parse,
    read_batch,
    verify,
)
from survey.errors import InvalidInputError
from tests.conftest import NOW
from tests.fakes import FakeSendGrid

ATTEMPT = "0123456789abcdef0123456789abcdef"
BODY = b'[{"event":"delivered"},\r\n{"event":"bounce"}]\r\n'
STAMP = str(int(NOW.timestamp()))


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as fake:
        yield fake


def event(**values: Any) -> dict[str, Any]:
    return {"event": "delivered", "timestamp": int(NOW.timestamp()), "attempt_id": ATTEMPT, **values}


def test_a_true_signature_over_a_body_with_crlf_holds(provider: FakeSendGrid) -> None:
    """The signature covers the raw bytes, line ends included."""
    verify(load_keys(provider.public_key), provider.sign(BODY, STAMP)[SIGNATURE_HEADER], STAMP, BODY, NOW)


@pytest.mark.parametrize(
    ("body", "stamp"),
    [(BODY.replace(b"\r\n", b"\n"), STAMP), (BODY + b" ", STAMP), (BODY, str(int(STAMP) + 1)), (BODY, ""), (BODY, "x")],
)
def test_a_changed_body_or_timestamp_is_refused(provider: FakeSendGrid, body: bytes, stamp: str) -> None:
    """One byte more, another line end or another moment breaks the signature."""
    signature = provider.sign(BODY, STAMP)[SIGNATURE_HEADER]
    with pytest.raises(BadSignatureError):
        verify(load_keys(provider.public_key), signature, stamp, body, NOW)


@pytest.mark.parametrize("signature", ["", "not base64!", base64.b64encode(b"nonsense").decode(), "é"])
def test_nonsense_in_the_signature_is_refused(provider: FakeSendGrid, signature: str) -> None:
    """A header that is no signature at all is refused like a wrong one."""
    with pytest.raises(BadSignatureError):
        verify(load_keys(provider.public_key), signature, STAMP, BODY, NOW)


@pytest.mark.parametrize("skew", [timedelta(hours=-49), timedelta(minutes=11)])
def test_an_absurd_date_is_refused(provider: FakeSendGrid, skew: timedelta) -> None:
    """Rightly signed, but two days old or from the future."""
    stamp = str(int((NOW + skew).timestamp()))
    signature = provider.sign(BODY, stamp)[SIGNATURE_HEADER]
    with pytest.raises(BadSignatureError, match="dated"):
        verify(load_keys(provider.public_key), signature, stamp, BODY, NOW)


def test_the_key_may_come_as_pem(provider: FakeSendGrid) -> None:
    """Operators paste the key with or without the PEM lines."""
    pem = f"-----BEGIN PUBLIC KEY-----\n{provider.public_key}\n-----END PUBLIC KEY-----\n"
    assert [key.public_numbers() for key in load_keys(pem)] == [load_keys(provider.public_key)[0].public_numbers()]


@pytest.mark.parametrize("between", [",", "\n", " , ", "\r\n\r\n"])
def test_two_keys_hold_while_one_takes_the_place_of_the_other(provider: FakeSendGrid, between: str) -> None:
    """During a rotation either key's signature is good; a third's is not."""
    with FakeSendGrid() as newer, FakeSendGrid() as stranger:
        keys = load_keys(f"{provider.public_key}{between}{newer.public_key}")
        assert len(keys) == 2
        for sender in (provider, newer):
            verify(keys, sender.sign(BODY, STAMP)[SIGNATURE_HEADER], STAMP, BODY, NOW)
        with pytest.raises(BadSignatureError):
            verify(keys, stranger.sign(BODY, STAMP)[SIGNATURE_HEADER], STAMP, BODY, NOW)
    pems = "".join(
        f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n" for key in (provider.public_key,) * 2
    )
    assert len(load_keys(pems)) == 2


def test_another_kind_of_key_is_refused() -> None:
    """A key on another curve, or no key, is a mistake in the settings."""
    der = (
        ec.generate_private_key(ec.SECP384R1())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for text in (base64.b64encode(der).decode(), "", "nonsense"):
        with pytest.raises(InvalidInputError):
            load_keys(text)


@pytest.mark.parametrize(
    ("raw", "delivery", "hit"),
    [
        ({"event": "processed"}, DeliveryState.PROCESSED, None),
        ({"event": "deferred", "response": "450 later"}, DeliveryState.DEFERRED, None),
        ({"event": "bounce", "type": "bounce", "reason": "550"}, DeliveryState.BOUNCED, Hit.BOUNCED),
        ({"event": "bounce", "type": "blocked", "reason": "421"}, DeliveryState.BLOCKED, None),
        ({"event": "bounce", "bounce_classification": "Invalid Address"}, DeliveryState.BOUNCED, Hit.BOUNCED),
        ({"event": "bounce", "bounce_classification": "Mailbox Unavailable"}, DeliveryState.BOUNCED, Hit.BOUNCED),
        ({"event": "bounce", "bounce_classification": "Reputation"}, DeliveryState.BLOCKED, None),
        (
            {"event": "bounce", "type": "blocked", "bounce_classification": "Invalid Address"},
            DeliveryState.BLOCKED,
            None,
        ),
        ({"event": "dropped", "reason": "Bounced Address"}, DeliveryState.DROPPED, Hit.BOUNCED),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, DeliveryState.DROPPED, Hit.COMPLAINED),
        ({"event": "dropped", "reason": "Spam Content"}, DeliveryState.DROPPED, None),
        ({"event": "spamreport"}, DeliveryState.COMPLAINED, Hit.COMPLAINED),
        ({"event": "unsubscribe"}, None, Hit.UNSUBSCRIBED),
        ({"event": "open"}, None, None),
    ],
)
def test_what_events_mean(raw: dict[str, Any], delivery: DeliveryState | None, hit: Hit | None) -> None:
    """Only hard bounces, complaints and unsubscribes say that an address must be left alone."""
    parsed = parse(event(**raw))
    assert (parsed.delivery, parsed.hit, parsed.attempt_id) == (delivery, hit, ATTEMPT)


@pytest.mark.parametrize(
    "broken",
    [
        {"event": None},
        {"event": "teleported"},
        {"event": ["delivered"]},
        {"timestamp": "yesterday"},
        {"timestamp": True},
        {"timestamp": 10**30},
        {"timestamp": None},
        {"attempt_id": 7},
        {"attempt_id": "x" * 32},
        {"reason": {"a": 1}},
    ],
)
def test_an_event_that_cannot_be_used_says_why(broken: dict[str, Any]) -> None:
    """Wrong types and unknown kinds are named, never guessed at."""
    with pytest.raises(BadEventError):
        parse(event(**broken))


def test_an_event_without_an_id_still_counts_once() -> None:
    """What it says stands in for the missing id."""
    assert event_id(event()) == event_id(event())
    assert event_id(event()) != event_id(event(event="bounce"))
    assert event_id({"sg_event_id": "abc"}) == "abc"
    assert event_id({"sg_event_id": "x" * 201}).startswith("sha256:")


def test_a_batch_is_cleaned_of_what_no_database_takes() -> None:
    """NUL, lone surrogates and NaN in one event do not cost the whole batch."""
    batch = read_batch(b'[{"reason": "a\\u0000b\\ud800", "n": NaN, "deep": [{"x": "\\u0000"}]}, 7]')
    assert batch == [{"reason": "a�b?", "n": "NaN", "deep": [{"x": "�"}]}, {"not_an_object": 7}]


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b"\xff", b'"x"', b"[" * 100_000])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    """Signed or not, only a JSON array is a batch."""
    with pytest.raises(InvalidInputError):
        read_batch(body)
