"""The address that a reply comes back to: it names the invitation, and only we can make it. Pure."""

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass

from survey import tokens

_PURPOSE = "reply"
_PROOF = 26  # characters of base32, 130 bits
_LOCAL_PART = re.compile(r"reply\+(\d{1,12})-([a-z2-7]{26})@([a-z0-9.-]+)")


@dataclass(frozen=True)
class ReplyAddress:
    """An address of the right form. `proof` says whether it is ours only together with the invitation's seed."""

    invitation_id: int
    proof: str

    def is_ours(self, secret_key: str, seed: str) -> bool:
        """Whether we made it for the invitation with this seed."""
        return hmac.compare_digest(self.proof, _proof(secret_key, seed))


def reply_address(secret_key: str, invitation_id: int, seed: str, domain: str) -> str:
    """Where the answer to an invitation's emails goes. Lower case throughout: mail servers may fold the case."""
    return f"reply+{invitation_id}-{_proof(secret_key, seed)}@{domain}"


def find(recipients: Iterable[str], domain: str) -> ReplyAddress | None:
    """The first recipient that has the form of a reply address at `domain`."""
    for recipient in recipients:
        match = _LOCAL_PART.fullmatch(recipient.strip().lower())
        if match and match[3] == domain:
            return ReplyAddress(int(match[1]), match[2])
    return None


def inbound_key(secret_key: str) -> str:
    """The secret part of the address that the provider posts replies to."""
    return tokens.derive(secret_key, "inbound", "1")


def _proof(secret_key: str, seed: str) -> str:
    token = tokens.derive(secret_key, _PURPOSE, seed)
    return b32encode(token.encode()).decode().lower()[:_PROOF]
