"""The unsubscribe link: which message it came in, sealed with the secret key. Pure.

It works for as long as the message is kept, needs no row of its own, and says nothing about the person.
"""

import hmac

from survey import tokens

PURPOSE = "unsubscribe"


def unsubscribe_token(secret_key: str, message_id: int) -> str:
    """The token for /u/<token> in the message with this id."""
    return f"{message_id}.{tokens.derive(secret_key, PURPOSE, str(message_id))}"


def read_unsubscribe_token(secret_key: str, token: str) -> int | None:
    """The id of the message that carried `token`; None for a token we never made."""
    number, _, seal = token.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    expected = tokens.derive(secret_key, PURPOSE, number)
    return int(number) if hmac.compare_digest(seal.encode("utf-8", "replace"), expected.encode()) else None
