"""How often and how long after a request is sent again. Pure: facts in, decisions out.

Back-off is AWS's *full jitter*, ``U(0, min(cap, base x 2^n))`` ("Exponential Backoff And Jitter", AWS
Architecture Blog); the quota and its prices are botocore's standard retry mode.
"""

import email.utils
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to give up, and how long to wait until then.

    ``attempts`` of one request, the first included (8), within ``total_s`` seconds (600); ``base_s`` of the
    back-off after a transient fault (0.1 s) and ``throttled_base_s`` after a 429, a 503, a time-out or a
    refused connection (1 s), up to ``cap_s`` (30 s): together a service that restarts has most of a minute.
    One that was never reached has ``first_contact_attempts`` (4), so that a wrong address is told soon. A
    ``Retry-After`` up to ``longest_retry_after_s`` (300 s) is waited out, plus up to ``spread_s`` (1 s) so
    that senders do not come back together; beyond it the request fails.
    """

    attempts: int = 8
    first_contact_attempts: int = 4
    total_s: float = 600.0
    base_s: float = 0.1
    throttled_base_s: float = 1.0
    cap_s: float = 30.0
    longest_retry_after_s: float = 300.0
    spread_s: float = 1.0
    draw: Callable[[float, float], float] = field(default=random.uniform, repr=False)

    def delay(
        self, attempt: int, *, throttled: bool, retry_after: float | None, spread: bool = True
    ) -> float | None:
        """Seconds to wait after attempt number ``attempt`` (from 1) failed; None: give up."""
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            if retry_after > self.longest_retry_after_s:
                return None
            return retry_after + (self.draw(0.0, self.spread_s) if spread else 0.0)
        base = self.throttled_base_s if throttled else self.base_s
        return self.draw(0.0, min(self.cap_s, base * 2 ** (attempt - 1)))


@dataclass(slots=True)
class RetryQuota:
    """Retries that a whole run may spend: against a service in trouble they soon cost more than they give.

    500 tokens; a retry takes 14, a throttled one 5; a success at the first attempt gives 1 back. A spent
    quota makes senders *pause*, since this is batch work: `pause` seconds, and then one retry.
    """

    capacity: int = 500
    price: int = 14
    throttled_price: int = 5
    pause: float = 5.0
    tokens: int = 500

    def spend(self, *, throttled: bool) -> float:
        """Take a retry's price; gives the seconds to pause beyond the back-off (0 when it could be paid)."""
        price = self.throttled_price if throttled else self.price
        if self.tokens < price:
            return self.pause
        self.tokens -= price
        return 0.0

    def refund(self) -> None:
        """A request succeeded at its first attempt."""
        self.tokens = min(self.capacity, self.tokens + 1)


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait from a ``Retry-After`` header (RFC 9110, 10.2.3): whole seconds or an HTTP date.

    None when it is missing or says nothing that can be read; never negative.
    """
    if value is None:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
