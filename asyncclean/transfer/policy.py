"""Says what becomes of bad records, and when there are too many. Pure: counts in, an error or nothing out."""

from dataclasses import dataclass

from asyncclean.errors import TooManyRejectsError

LEAST_READ = 1000
"""Records to be read before a share of them says anything."""


@dataclass(frozen=True, slots=True)
class RejectPolicy:
    """What becomes of a bad record. ``keep`` False: the first one stops the run.

    ``most``: stop when there are more than this many; ``most_percent``: or more than this share of all
    records of the input.
    """

    keep: bool = False
    most: int | None = None
    most_percent: float | None = None

    def check(self, rejected: int, read: int) -> None:
        """Hold the figures of a whole input against the limits. ``read``: good and bad.

        Raises TooManyRejectsError.
        """
        if self.most is not None and rejected > self.most:
            raise self._too_many(rejected, f"{self.most:,}")
        if self.most_percent is not None and rejected > read * self.most_percent / 100:
            raise self._too_many(rejected, f"{self.most_percent:g} % of {read:,}")

    def check_on_the_way(self, rejected: int, good: int, share: float) -> None:
        """Stop a run that is plainly wrong: its limit is passed even if all that is to come is good.

        ``share`` of the input has been read so far, ``good`` records in it; a limit in percent is that of
        as many as the whole then seems to have. Raises TooManyRejectsError.
        """
        seen = good + rejected
        expected = int(seen / share) if seen >= LEAST_READ and share > 0 else None
        if expected is None:
            RejectPolicy(most=self.most).check(rejected, seen)
        else:
            self.check(rejected, max(seen, expected))

    def _too_many(self, rejected: int, limit: str) -> TooManyRejectsError:
        return TooManyRejectsError(rejected, limit=limit, hint="Mend the file, or raise --max-rejects.")
