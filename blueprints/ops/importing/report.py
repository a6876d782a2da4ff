"""What an import took, changed, passed over and refused, as lines of text."""

from collections import Counter
from dataclasses import dataclass, field

LONGEST = 60  # characters of a title in a line


@dataclass(slots=True)
class Report:
    """Counts by what they count. The pairs are (title, sentence): `notes` are changes that concern one story,
    `left_out` what no story kept, by name, `refused` what could not be taken.
    """

    taken: Counter[str] = field(default_factory=Counter)
    already_here: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    notes: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> list[str]:
        lines: list[str] = []
        for head, counts in (
            ("Taken", self.taken),
            ("Already here", self.already_here),
            ("Changed", self.changed),
            ("Passed over", self.passed_over),
        ):
            rows = [f"  {number:>6}  {what}" for what, number in sorted(counts.items()) if number]
            lines += [head, *(rows or ["  nothing"])] if rows or head == "Taken" else []
        for head, pairs in (
            ("Changed, story by story", self.notes),
            ("Left out of texts", self.left_out),
            ("Refused", self.refused),
        ):
            lines += [head, *(f"  {short(title)}: {sentence}" for title, sentence in pairs)] if pairs else []
        return lines


def short(title: str) -> str:
    title = " ".join(title.split())
    return f"“{title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + '…'}”"
