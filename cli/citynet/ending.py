"""Ending what a command has started, when it is told to end itself.

A terminal sends its Ctrl-C to everything that runs in it. Whoever stops a service ends one process, whose threads may
wait for others that it started, on a device that does not answer.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_running: set[subprocess.Popen[str]] = set()
_lock = threading.RLock()
_asked = threading.Event()


def asked() -> bool:
    """Whether this process is on its way out: nothing that takes long should be begun or waited for."""
    return _asked.is_set()


def run(argv: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a command without input to its end, or to that of this process.

    Raises:
        subprocess.TimeoutExpired: It took too long.
    """
    with _lock:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        _running.add(process)
    try:
        if asked():  # between the signal and the registration
            process.terminate()
        output, errors = process.communicate(timeout=timeout_s)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    finally:
        with _lock:
            _running.discard(process)
    return subprocess.CompletedProcess(argv, process.returncode, output, errors)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """SIGTERM and SIGINT end a stretch by KeyboardInterrupt, and with it whatever `run` has begun.

    A second signal ends this process at once. A signal that is ignored stays so.
    """
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    former = {number: handler for number, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}
    for number in former:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    _asked.set()
    with _lock:
        for process in _running:
            process.terminate()
    raise KeyboardInterrupt
