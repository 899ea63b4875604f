"""Processes that go together: a child never outlives its parent, whatever kills that."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

_PARENT_DIED = 1  # PR_SET_PDEATHSIG


def end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """From now on this process gets the signal when its parent dies, where the system knows how (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIED, by)


def end_with_server() -> None:
    """For a process in which a server answers and that another process of the server has begun: left behind by a `kill -9` of that
    one, it would go on answering, and hold the port against whoever begins the server again. Asked to end it may refuse as long as
    a request waits, and nobody is left to insist: so it ends at once, which costs no more than the unanswered requests."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with_parent(signal.SIGKILL)
        if not parent.is_alive():  # it died before we could ask
            os.kill(os.getpid(), signal.SIGKILL)
