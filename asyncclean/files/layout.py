"""How an output of text is put together from its records. Knows the pieces' order, not what is in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from asyncclean.errors import VerificationError
from asyncclean.files.pages import Page, steps

Render = Callable[[Sequence[Page]], Sequence[bytes | memoryview]]
"""The text of some pages' records, in pieces between which the layout's ``between`` belongs. Raises
VerificationError where a page does not hold what it should."""


@dataclass(slots=True)
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
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)

    def add(self, pages: Sequence[Page], *, begun: bool) -> Iterator[list[bytes | memoryview]]:
        """What these pages add to the file, step by step. ``begun``: records came before."""
        for rendered in self._map(steps(pages, self.step)):
            pieces: list[bytes | memoryview] = []
            for piece in rendered:
                pieces += (self.between if begun else self.head, piece)
                begun = True
            yield pieces

    def end(self, *, begun: bool) -> bytes:
        """The bytes that make the file whole."""
        return self.tail if begun else self.empty

    def close(self) -> None:
        """Let the threads end. May be called again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _map(self, groups: Iterable[list[Page]]) -> Iterable[Sequence[bytes | memoryview]]:
        if self.threads == 1:
            return map(self.render, groups)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads)
        return self._pool.map(self.render, groups)


def unlike(page: Page, reason: str) -> VerificationError:
    """The error for a page that is not what it is said to be."""
    return VerificationError(
        "A page of the output",
        expected=f"a JSON array of {page.records:,} records",
        found=reason,
        hint="The service gave something else; nothing of it was written.",
    )
