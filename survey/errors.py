"""What can go wrong in the domain, said without HTTP. `survey.views.errors` maps these to pages and statuses."""


class ClienteleError(Exception):
    """Anything this project raises on purpose. `str(error)` is a sentence an operator can act on."""


class NotFoundError(ClienteleError):
    """The row asked for does not exist."""


class InvalidInputError(ClienteleError):
    """The input breaks a rule; `field` names where, when known."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ConflictError(ClienteleError):
    """The row is not in a state that allows this (already sent, already resolved)."""


class SettingsError(ClienteleError):
    """One or more settings are missing or wrong; the message lists every one."""
