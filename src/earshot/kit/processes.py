"""Processes that go together: a child never outlives its parent, whatever kills that."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

_PARENT_DIED = 1  # PR_SET_PDEATHSIG


def end_with_parent() -> None:
    """From now on this process is asked to end (SIGTERM) when its parent dies, where the system knows how (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGTERM)


def end_with_server() -> None:
    """The same for a process in which a server answers and that another process of the server has begun: left behind by a `kill -9`
    of that one, it would go on answering, and hold the port against whoever begins the server again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with_parent()
        if not parent.is_alive():  # it died before we could ask
            os.kill(os.getpid(), signal.SIGTERM)
