"""How an output of text is put together from its records. Knows the pieces' order, not what is in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncclean.errors import VerificationError
from asyncclean.files.pages import Page

Text = Sequence[bytes | memoryview]

Render = Callable[[Sequence[Page]], Text]
"""The text of some pages' records, in pieces between which the layout's ``between`` belongs. Raises
VerificationError where a page does not hold what it should."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``head``, then the rendered records with ``between`` among them, then ``tail``; else ``empty``.

    ``step``: pages rendered at a time, by each of ``threads``. More of either save time and cost memory
    while they are.
    """

    render: Render
    step: int
    threads: int
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""
    empty: bytes = b""

    def placed(self, rendered: Text, *, begun: bool) -> list[bytes | memoryview]:
        """What these records add to the file. ``begun``: records came before."""
        pieces: list[bytes | memoryview] = []
        for piece in rendered:
            pieces += (self.between if begun else self.head, piece)
            begun = True
        return pieces

    def end(self, *, begun: bool) -> bytes:
        """The bytes that make the file whole."""
        return self.tail if begun else self.empty


def unlike(page: Page, reason: str) -> VerificationError:
    """The error for a page that is not what it is said to be."""
    return VerificationError(
        "A page of the output",
        expected=f"a JSON array of {page.records:,} records",
        found=reason,
        hint="The service gave something else; nothing of it was written.",
    )
