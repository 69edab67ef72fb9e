"""How an output of text is put together from its records. Knows the pieces' order, not what is in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from asyncclean.errors import VerificationError
from asyncclean.files.pages import Page, steps

Render = Callable[[Sequence[Page]], Sequence[bytes | memoryview]]
"""The text of some pages' records, in pieces between which the layout's ``between`` belongs. Raises
VerificationError where a page does not hold what it should."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``head``, then the rendered records with ``between`` among them, then ``tail``; else ``empty``.

    ``step``: pages rendered at a time. More of them save a few per cent of time, and cost memory meanwhile.
    """

    render: Render
    step: int
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""
    empty: bytes = b""

    def add(self, pages: Sequence[Page], *, begun: bool) -> Iterator[list[bytes | memoryview]]:
        """What these pages add to the file, step by step. ``begun``: records came before."""
        for step in steps(pages, self.step):
            pieces: list[bytes | memoryview] = []
            for piece in self.render(step):
                pieces += (self.between if begun else self.head, piece)
                begun = True
            yield pieces

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
