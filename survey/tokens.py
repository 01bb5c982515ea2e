"""Opaque link tokens. The database keeps only their SHA-256, so a leaked copy opens no survey."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

_SEED_BYTES = 16
_TOKEN_BYTES = 24


def new_seed() -> str:
    """A fresh random seed, 32 hexadecimal characters, kept beside the row that the token opens."""
    return secrets.token_hex(_SEED_BYTES)


def new_token() -> str:
    """A fresh random token of 192 bits, for links that are shown once and never derived again."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def derive(secret_key: str, purpose: str, seed: str) -> str:
    """The token for `seed`: HMAC-SHA256 (RFC 2104), 192 bits, URL-safe base64 of 32 characters.

    A reminder carries the same link as the first email without the token being stored anywhere: whoever has the
    database lacks `secret_key`, whoever has the key lacks the seed.
    """
    digest = hmac.digest(secret_key.encode(), f"{purpose}:{seed}".encode(), "sha256")
    return urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode()


def fingerprint(token: str) -> str:
    """What the database stores and looks up: the token's SHA-256, 64 hexadecimal characters."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
