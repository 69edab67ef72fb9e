"""Who was waited for is the limit."""

import pytest

from asyncclean.api.pacing import LimiterStatistics
from asyncclean.transfer.bounds import Busy, DownloadBusy, download_bound, upload_bound


def limiter(
    *, push_backs: int = 0, median: float | None = 0.01, base: float | None = 0.01, rate: float | None = None
) -> LimiterStatistics:
    return LimiterStatistics(
        limit=8,
        in_flight=0,
        reached=True,
        push_backs=push_backs,
        median_rtt=median,
        base_rtt=base,
        rate=rate,
        trace=(),
    )


@pytest.mark.parametrize(
    ("busy", "facts", "bound"),
    [
        (Busy(reading=2, encoding=1, awaiting_blocks=3, awaiting_permits=1), limiter(), "reader"),
        (Busy(reading=1, encoding=2, awaiting_blocks=3, awaiting_permits=1), limiter(), "encoder"),
        (Busy(reading=1, encoding=2, awaiting_blocks=1, awaiting_permits=3), limiter(), "network"),
        (Busy(awaiting_permits=3), limiter(push_backs=1), "service"),
        (Busy(awaiting_permits=3), limiter(median=0.05), "service"),
        (Busy(awaiting_permits=3), limiter(median=None, base=None), "network"),
        (Busy(awaiting_permits=3), limiter(rate=100.0, push_backs=5), "rate"),
    ],
)
def test_what_bounded_an_upload(busy: Busy, facts: LimiterStatistics, bound: str) -> None:
    assert upload_bound([busy], facts) == bound


def test_what_bounded_a_download() -> None:
    assert download_bound([DownloadBusy(writing=2, awaiting_pages=1)], limiter()) == "writer"
    assert download_bound([DownloadBusy(writing=1, awaiting_pages=2)], limiter()) == "network"
