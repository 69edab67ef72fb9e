"""Puts things that finish in any order back in order, within a window. Pure: no I/O, no waiting.

The window frees a place only when the *lowest* item is taken, so that what is held never exceeds it,
even when the first item is the slowest.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Reorder(Generic[T]):
    """Items are numbered from ``lowest``; at most ``window`` are under way or held at a time."""

    window: int
    lowest: int = 0
    next_index: int = -1
    held: dict[int, T] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.next_index < 0:
            self.next_index = self.lowest

    @property
    def has_room(self) -> bool:
        """Whether another item may be begun."""
        return self.next_index - self.lowest < self.window

    @property
    def ready(self) -> bool:
        """Whether the lowest item is here."""
        return self.lowest in self.held

    def begin(self) -> int:
        """The number of the next item to begin. Only when there is room."""
        if not self.has_room:
            raise ValueError("the window is full")
        index = self.next_index
        self.next_index += 1
        return index

    def put(self, index: int, item: T) -> None:
        """An item is done. One that was put or taken before is ignored."""
        if self.lowest <= index < self.next_index:
            self.held.setdefault(index, item)

    def take(self, most: int) -> list[T]:
        """The items that are next in order, up to ``most`` of them; frees their places."""
        items: list[T] = []
        while len(items) < most and self.lowest in self.held:
            items.append(self.held.pop(self.lowest))
            self.lowest += 1
        return items
