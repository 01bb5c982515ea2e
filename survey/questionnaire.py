"""The questions of the after-job survey, their scales and wording. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PromiseStep:
    """One step of the service promise: what a client should see happen in every job."""

    key: str
    text: str

    def as_dict(self) -> dict[str, str]:
        return {"key": self.key, "text": self.text}


DEFAULT_PROMISE = (
    PromiseStep("greeted", "We greeted you and listened"),
    PromiseStep("told_next", "We told you what happens next, and when"),
    PromiseStep("kept_informed", "We kept you informed"),
    PromiseStep("done_as_agreed", "The work was done as agreed"),
    PromiseStep("explained", "We checked it with you and explained it at the end"),
)
