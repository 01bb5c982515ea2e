"""What has drifted, as lines of the digest: admins are told once."""

from collections.abc import Sequence
from datetime import datetime

from analysis.desk.drift import notices
from analysis.models import DriftCheck
from survey.config import Settings
from survey.users import User


def lines_for(user: User, checks: Sequence[DriftCheck], settings: Settings) -> list[dict[str, str]]:
    """The news of these checks for an admin; nothing for anybody else."""
    if not any(role.name == "admin" for role in user.roles):
        return []
    return [
        {
            "client": item.title,
            "severity": "the risks",
            "why": f"{item.what} {item.do}",
            "url": f"{settings.base_url}/desk/learning",
            "waits": "",
            "value": "",
        }
        for check in checks
        for item in notices(check, check.news)
    ]


def told(checks: Sequence[DriftCheck], now: datetime) -> None:
    """Note that an admin has been told of these."""
    for check in checks:
        check.told_at = now
