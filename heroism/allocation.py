"""Memory for arrays that come and go."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
KEPT = 32 * 2**20  # bytes, the most that glibc takes for the second


@cache
def keep_freed_memory() -> None:
    """Have freed memory kept for the next arrays, where the C library is glibc.

    By default it hands what lies free at the end of its heap, or was asked for in one piece, back to the system, which
    gives it out again page by page: a score of temporaries of a few hundred kilobytes then takes up to four times as
    long (measured).
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        set_option(TRIM_THRESHOLD, KEPT)
        set_option(MMAP_THRESHOLD, KEPT)
