"""Finds the records of a block that the service refuses, and tells bad records apart. Knows JSON records and
the words of a refusal.

The service takes or refuses a block as a whole, and sending a number again overwrites it. So a refused
block is sent again, under its own number, without the records at fault: those that the refusal names
(``records[17].email``), else those that halving finds. What stays keeps its order.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from asyncclean.errors import RejectedError
from asyncclean.files.blocks import Reject, split_array

_NAMED = re.compile(r"records\[(\d+)\](?:\.(.*))?$")

Send = Callable[[bytes], Awaitable[RejectedError | None]]
"""Sends a JSON array under the block's number; gives the refusal, or None when it was taken."""


IsOpen = Callable[[], Awaitable[bool]]
"""Whether the dataset still takes blocks at all."""


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that the service refuses: its place in the block, why, and its JSON."""

    index: int
    reason: str
    record: str


def named_records(refusal: RejectedError) -> dict[int, str]:
    """Which records a refusal names, by their index in what was sent, with the reasons given."""
    reasons: dict[int, list[str]] = {}
    for name, messages in refusal.fields.items():
        if match := _NAMED.search(name):
            column = match[2]
            said = "; ".join(messages)
            reasons.setdefault(int(match[1]), []).append(f"{column}: {said}" if column else said)
    return {index: "; ".join(said) for index, said in sorted(reasons.items())}


@dataclass(slots=True)
class Alike:
    """Numbers what is refused on one line with the same text, as in an array that is all on one line.

    ``line`` and ``seen``: where reading begins, and what was refused on that line before.
    """

    line: int
    seen: Counter[str]

    def next(self, reject: Reject) -> int:
        """How many like it came before. Lines never fall."""
        if reject.line != self.line:
            self.line, self.seen = reject.line, Counter()
        self.seen[reject.record] += 1
        return self.seen[reject.record] - 1


async def narrow(block: bytes, refusal: RejectedError, send: Send, is_open: IsOpen) -> list[RefusedRecord]:
    """Send the block without the records at fault, and say which those are, in order.

    Afterwards the service holds exactly the other records under the block's number. What a refusal names
    is left out at once; if that does not mend the block, the names are put to a test before any more are
    believed, so that a service that counts otherwise costs requests and no good records.

    Raises the refusal itself when it is not about records: when it names none, neither an empty block nor
    the first nor the last record alone is taken, and the dataset is no longer open.
    """
    narrowing = _Narrowing(split_array(block), send, is_open)
    await narrowing.run(refusal)
    return [
        RefusedRecord(index, reason, narrowing.records[index].decode())
        for index, reason in sorted(narrowing.refused.items())
    ]


@dataclass(slots=True)
class _Narrowing:
    """Records by their index in the block, those refused so far, and what was last taken."""

    records: Sequence[bytes]
    send: Send
    is_open: IsOpen
    refused: dict[int, str] = field(default_factory=dict)
    taken: list[int] | None = None

    @property
    def _kept(self) -> list[int]:
        return [index for index in range(len(self.records)) if index not in self.refused]

    async def run(self, refusal: RejectedError) -> None:
        left = await self._leave_out_named(refusal)
        if left is None:
            return
        if not await self._is_about_records():
            raise refusal
        await self._search([], self._kept, left)
        if self.taken != self._kept:
            said = await self._try(self._kept)
            # A service need not take empty blocks.
            if said is not None and self._kept:
                raise said

    async def _leave_out_named(self, refusal: RejectedError) -> RejectedError | None:
        """Leave out what each refusal names, until the rest is taken (None) or a refusal names nothing."""
        current: RejectedError | None = refusal
        tested = False
        while current is not None:
            kept = self._kept
            named = named_records(current)
            wrong = any(index >= len(kept) for index in named)
            if self.refused and not tested and not wrong:
                tested = True
                wrong = await self._try(sorted(self.refused)) is None
            # There are three cases: the service counts otherwise; it names no record; it names some.
            if wrong:
                self.refused.clear()
                return refusal
            if not named:
                return current
            self.refused |= {kept[index]: reason for index, reason in named.items()}
            current = await self._try(self._kept)
            if not self._kept:
                return None
        return None

    async def _is_about_records(self) -> bool:
        if self.taken is not None:
            return True
        kept = self._kept
        for part in ([], kept[:1], kept[-1:]):
            if await self._try(part) is None:
                return True
        return await self.is_open()

    async def _search(self, good: list[int], suspects: list[int], refusal: RejectedError) -> None:
        """Find the faults among ``suspects``, which are refused together with ``good``; those are taken.

        Each half is tried with all that is known to be good before it, so that it ends with records that
        are taken together, even where one is at fault only beside another.
        """
        if len(suspects) == 1:
            self.refused[suspects[0]] = refusal.detail or refusal.title or refusal.reason
            return
        middle = len(suspects) // 2
        first, second = suspects[:middle], suspects[middle:]
        said = await self._try(good + first)
        if said is None:
            # So it is the second half that does not go with what is there.
            await self._search(good + first, second, refusal)
            return
        await self._search(good, first, said)
        good = good + [index for index in first if index not in self.refused]
        said = await self._try(good + second)
        if said is not None:
            await self._search(good, second, said)

    async def _try(self, part: list[int]) -> RejectedError | None:
        said = await self.send(b"[" + b",".join(self.records[index] for index in part) + b"]")
        if said is None:
            self.taken = part
        return said
