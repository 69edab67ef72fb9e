"""Sets this process's two allocators to keep little. Knows their switches; runs before polars is imported.

Both keep freed memory by thread, of which an upload has half a dozen. With one arena each, the peak of an
upload of a million records falls from about 120 to 105 MB, at no cost in time that shows.
"""

import ctypes
import os

_M_ARENA_MAX = -8  # malloc.h


def keep_little() -> None:
    """One arena for jemalloc, which polars brings, and one for glibc. Elsewhere it does nothing."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
