"""What several clients say, where they say it, and when it was last looked for."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.users import User

THEME_NAME = 120


class Theme(Base):
    """Something that several clients say, found by `analysis.text.themes`. It stays itself from run to run."""

    __tablename__ = "themes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(THEME_NAME))
    renamed_at: Mapped[datetime | None]  # a person named it: no run changes the name, nor forgets the theme
    named_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    words: Mapped[list[str]]
    centroid: Mapped[bytes] = mapped_column(LargeBinary)  # a unit vector, float16, little-endian
    model: Mapped[str] = mapped_column(String(60))  # the embedding that the centroid lies in
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]
    named_by: Mapped[User | None] = relationship()


class ThemeMention(Base):
    """Where a comment says a theme: characters `start` to `end` of the answer's text."""

    __tablename__ = "theme_mentions"
    __table_args__ = (UniqueConstraint("theme_id", "answer_id", "start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id", ondelete="CASCADE"))
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), index=True)
    start: Mapped[int]
    end: Mapped[int]
    said_at: Mapped[datetime] = mapped_column(index=True)
    fit: Mapped[float]  # how near to the theme's middle, −1…1: the nearest is quoted


class ThemeRun(Base):
    """The last time that themes were looked for. One row, id 1; none before the first time."""

    __tablename__ = "theme_runs"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    at: Mapped[datetime]
    model: Mapped[str] = mapped_column(String(60))
    since: Mapped[datetime]  # the oldest comment that was looked at
    comments: Mapped[int]  # how many comments and sentences were looked at
    sentences: Mapped[int]
