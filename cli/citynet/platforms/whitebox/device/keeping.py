"""Keeps a program of this device alive where no systemd does.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import os
import syslog
import time
from pathlib import Path
from typing import Callable, Tuple, Type

_PAUSE_S = 1.0


def keep(name: str, work: Callable[[], int], told: Tuple[Type[Exception], ...] = ()) -> None:
    """Do some work in the background, anew whenever it fails; work that ends well has ended.

    The caller goes on at once. A process of the given name stays beside the work and waits for it.

    Args:
        name: What the process that waits is called, 15 characters at most.
        work: Returns the exit status, 0 when there is no more to do.
        told: Errors whose text is logged; of others, which might quote what nobody should read, only the kind is.
    """
    if os.fork():
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    Path("/proc/self/comm").write_text(name, encoding="utf-8")
    while True:
        worker = os.fork()
        if not worker:
            _exit_with(name, work, told)
        _, status = os.waitpid(worker, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            os._exit(0)
        time.sleep(_PAUSE_S)


def _exit_with(name: str, work: Callable[[], int], told: Tuple[Type[Exception], ...]) -> None:
    """Do the work in this process, which is no longer the caller's."""
    status = 1
    try:
        status = work()
    except told as error:
        syslog.syslog(syslog.LOG_ERR, f"{name}: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it was, the work begins anew
        syslog.syslog(syslog.LOG_ERR, f"{name}: {type(error).__name__}")
    finally:
        os._exit(status)
