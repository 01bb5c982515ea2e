"""What is usual for the firm, as it was counted."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


class FirmLevels(Base):
    """One count of what is usual for the firm; the newest is in force, and its number is the version.

    Never edited, but for `checked_at` and `seen`: when it was last counted anew without much having moved, and how far
    the evidence went by then.
    """

    __tablename__ = "firm_levels"

    id: Mapped[int] = mapped_column(primary_key=True)
    levels: Mapped[dict[str, Any]]  # analysis.relationships.usual.FirmUsual.as_document
    seen: Mapped[dict[str, Any]]  # the newest {"responses", "readings", "resolutions"} by their ids
    counted_at: Mapped[datetime]
    checked_at: Mapped[datetime]
