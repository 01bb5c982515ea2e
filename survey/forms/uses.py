"""What a manager fills in about which kind of job gets which questionnaire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from survey.questionnaires.uses import LONGEST_KIND, Kind, Use
from survey.sampling import ALL, EVERY_OTHER_KIND

AS_OTHERS = ""  # in the choice of a questionnaire
MOST_KINDS = 300


@dataclass
class Line:
    """One row of the form as it was filled in: `questionnaire` an id or "", `share` per cent or "" (as the others)."""

    kind: Kind
    questionnaire: str = AS_OTHERS
    share: str = ""
    error: str = ""

    @property
    def is_every_other(self) -> bool:
        return self.kind.name == EVERY_OTHER_KIND


@dataclass
class UsesForm:
    """Every other kind first, then each kind of job, and a kind that no job has yet."""

    lines: list[Line]
    new: Line = field(default_factory=lambda: Line(Kind("", 0)))

    @classmethod
    def of(cls, chosen: Sequence[Use], kinds: Sequence[Kind], stand_in: int | None) -> "UsesForm":
        """As it is now."""
        by_kind = {use.kind: use for use in chosen}
        first = Kind(EVERY_OTHER_KIND, 0)
        lines = [_line(kind, by_kind.get(kind.key)) for kind in (first, *kinds)]
        lines[0].questionnaire = lines[0].questionnaire or (str(stand_in) if stand_in else AS_OTHERS)
        lines[0].share = lines[0].share or str(ALL)
        return cls(lines)

    @classmethod
    def sent(cls, fields: MultiDict[str, str], kinds: Sequence[Kind]) -> "UsesForm":
        """As it was filled in."""
        known = {kind.key: kind for kind in kinds}
        columns = (fields.getlist(name)[:MOST_KINDS] for name in ("kind", "questionnaire", "share"))
        lines = [
            Line(known.get(kind.casefold(), Kind(kind, 0)), questionnaire, share.strip())
            for kind, questionnaire, share in zip(*columns, strict=False)
        ]
        new = Line(Kind(fields.get("new_kind", "").strip(), 0), fields.get("new_questionnaire", ""))
        new.share = fields.get("new_share", "").strip()
        return cls(lines, new)

    @property
    def errors(self) -> Mapping[str, str]:
        """The id of a control → what is wrong there."""
        found = {
            f"share-{number}": f"{'Every other kind' if line.is_every_other else line.kind.name}: {line.error}"
            for number, line in enumerate(self.lines)
            if line.error
        }
        return found | ({"new-kind": self.new.error} if self.new.error else {})

    def uses(self) -> list[Use]:
        """What was chosen; only of use where `errors` is empty afterwards.

        A kind with a share of its own but no questionnaire keeps the one that every other kind gets.
        """
        others = self._use(self.lines[0], None) if self.lines else None
        found = [others] if others else []
        found += [use for line in self.lines[1:] if (use := self._use(line, others))]
        if self.new.kind.name or self.new.questionnaire:
            found += self._new_use(others, {use.kind for use in found})
        return found

    def _use(self, line: Line, others: Use | None) -> Use | None:
        share = others.share if others else ALL
        if line.share:
            if not (line.share.isascii() and line.share.isdigit() and int(line.share) <= ALL):
                line.error = "Give a whole number from 0 to 100."
                return None
            share = int(line.share)
        if line.questionnaire.isascii() and line.questionnaire.isdigit():
            return Use(line.kind.key, int(line.questionnaire), share)
        if others is None:
            line.error = "Choose a questionnaire."
            return None
        return Use(line.kind.key, others.questionnaire_id, share) if share != others.share else None

    def _new_use(self, others: Use | None, taken: set[str]) -> list[Use]:
        if not self.new.kind.name:
            self.new.error = "Name the kind of job."
        elif len(self.new.kind.key) > LONGEST_KIND:
            self.new.error = f"A kind has at most {LONGEST_KIND} characters."
        elif self.new.kind.key in taken:
            self.new.error = "This kind is in the list above."
        else:
            use = self._use(self.new, others)
            return [use] if use else []
        return []


def _line(kind: Kind, use: Use | None) -> Line:
    return Line(kind, str(use.questionnaire_id), str(use.share)) if use else Line(kind)
