"""How a sweep ends when it is told to: by Ctrl-C, SIGTERM or SIGHUP alike; its workers end with it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
LOKY = "joblib.externals.loky"  # what joblib's workers are made of
PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that a process gets when its parent ends
PATIENCE = 1.0  # seconds between two looks at whether the parent is still there, where the system does not tell


class Interrupted(KeyboardInterrupt):
    """The process was told to end; ``code`` is its exit code. What a user's own code raises is never one."""

    def __init__(self, number: int):
        super().__init__(number)
        self.code = 128 + number


@contextmanager
def orderly() -> Iterator[None]:
    """Inside, these signals raise Interrupted, but for those that are ignored (nohup). Does nothing in a thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


def follow(parent: int) -> None:
    """In a worker of joblib: end with the process ``parent``, which alone answers to Ctrl-C; elsewhere do nothing."""
    if type(multiprocessing.current_process()).__module__.startswith(LOKY):
        _follow(parent)
        if os.getppid() != parent:  # it ended before anybody looked; this worker was handed jobs that were queued
            os._exit(1)


@cache
def _follow(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_look, args=(parent,), daemon=True).start()


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PATIENCE)
    os._exit(1)
