"""Puts things that finish in any order back in order, within a window. Pure: no I/O, no waiting.

The window frees a place only when the *lowest* item is done with, so that what is under way, held and in
the taker's hands together never exceeds it, even when the first item is the slowest.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Reorder(Generic[T]):
    """Items are numbered from ``lowest``, the first that is not done with; the next to be begun is
    ``next_index``, the next to be taken ``next_taken``. ``window``: most items between; it may change.
    """

    window: int
    lowest: int = 0
    next_index: int = field(init=False)
    next_taken: int = field(init=False)
    held: dict[int, T] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.next_index = self.next_taken = self.lowest

    @property
    def has_room(self) -> bool:
        """Whether another item may be begun."""
        return self.next_index - self.lowest < self.window

    @property
    def ready(self) -> bool:
        """Whether the item that is next in order is here."""
        return self.next_taken in self.held

    def begin(self) -> int:
        """The number of the next item to begin. Only when there is room."""
        if not self.has_room:
            raise ValueError("the window is full")
        index = self.next_index
        self.next_index += 1
        return index

    def put(self, index: int, item: T) -> None:
        """An item is here. One that was put or taken before is ignored."""
        if self.next_taken <= index < self.next_index:
            self.held.setdefault(index, item)

    def take(self, most: int) -> list[T]:
        """The items that are next in order, up to ``most`` of them. They keep their places until `done`."""
        items: list[T] = []
        while len(items) < most and self.ready:
            items.append(self.held.pop(self.next_taken))
            self.next_taken += 1
        return items

    def done(self) -> None:
        """All that was taken is done with: its places are free."""
        self.lowest = self.next_taken
