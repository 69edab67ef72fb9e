"""Tables and findings as Markdown. Knows figures and words, not how they came about."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns; the first column is text, the others are figures."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        align = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = [_row(self.columns), _row(align), *map(_row, self.rows)]
        return f"**{self.caption}**\n\n" + "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure that matters, and what it was hoped to be. ``aim``: in words, with its figure."""

    what: str
    figure: float
    aim: str
    met: bool
    form: str = "{:.2f}"

    @classmethod
    def at_least(cls, what: str, figure: float, aim: float, form: str = "{:.2f}") -> "Finding":
        return cls(what, figure, f"at least {form.format(aim)}", figure >= aim, form)

    @classmethod
    def at_most(cls, what: str, figure: float, aim: float, form: str = "{:.2f}") -> "Finding":
        return cls(what, figure, f"at most {form.format(aim)}", figure <= aim, form)

    def cells(self) -> list[str]:
        return [self.what, self.form.format(self.figure), self.aim, "yes" if self.met else "no"]


def findings(found: Sequence[Finding]) -> str:
    """All findings as one table."""
    rows = [finding.cells() for finding in found]
    return Table("What it shows", ["", "measured", "aim", "met"], rows).markdown()


def thousands(rate: float) -> str:
    """Records a second, in thousands: three figures are plenty."""
    kilo = rate / 1000
    return f"{kilo:,.0f}" if kilo >= 10 else f"{kilo:.1f}"


def count(records: int) -> str:
    """``1,000,000`` as ``1 M``, ``200,000`` as ``200 k``."""
    if records >= 1_000_000:
        return f"{records / 1_000_000:g} M"
    return f"{records / 1000:g} k"
