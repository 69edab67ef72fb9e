"""Says what bounded a phase: a local stage, the network, or the service. Pure; knows seconds, no clocks.

    upload:   reader ▶ encoder ▶ network or service
    download: network or service ▶ writer

Whoever was waited for is the limit. The dispatcher of an upload waits either for blocks (the local side is
slower) or for permits (the far side is); the writer of a download waits for pages or works.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncclean.api.pacing import TOLERANCE, LimiterStatistics
from asyncclean.events import Bound


@dataclass(slots=True)
class Busy:
    """Seconds that each stage worked or waited: what bounds an upload is read from these."""

    reading: float = 0.0
    encoding: float = 0.0
    awaiting_blocks: float = 0.0
    awaiting_permits: float = 0.0


@dataclass(slots=True)
class DownloadBusy:
    """Seconds that the stages worked or waited: what bounds a download is read from these."""

    writing: float = 0.0
    awaiting_pages: float = 0.0


def far_side(limiter: LimiterStatistics) -> Bound:
    """Which part of the far side is the limit.

    ``rate``: requests are spaced, as asked or as learnt from refusals. ``service``: it pushes back, or
    answers take longer than 1.5 x the shortest while its limit is used up. Else it is the way there.
    """
    if limiter.rate is not None:
        return "rate"
    queueing = (
        limiter.median_rtt is not None
        and limiter.base_rtt is not None
        and limiter.median_rtt > TOLERANCE * limiter.base_rtt
    )
    return "service" if limiter.push_backs or queueing else "network"


def upload_bound(busy: Sequence[Busy], limiter: LimiterStatistics) -> Bound:
    """What bounded an upload."""
    if sum(one.awaiting_permits for one in busy) > sum(one.awaiting_blocks for one in busy):
        return far_side(limiter)
    reading, encoding = sum(one.reading for one in busy), sum(one.encoding for one in busy)
    return "reader" if reading > encoding else "encoder"


def download_bound(busy: Sequence[DownloadBusy], limiter: LimiterStatistics) -> Bound:
    """What bounded a download."""
    if sum(one.writing for one in busy) > sum(one.awaiting_pages for one in busy):
        return "writer"
    return far_side(limiter)
