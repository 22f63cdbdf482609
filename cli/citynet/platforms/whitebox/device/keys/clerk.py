"""Asks the key server in a thread of its own, so that no line or tunnel waits for it.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Optional, Tuple

from .kme import Kme, KmeTrouble

Done = Callable[[Any, Optional[KmeTrouble]], None]
"""Called with what was found, or why nothing was."""


class Clerk:
    """Asks the key server, one thing at a time."""

    def __init__(self, kme: Kme, post: Callable[[Callable[[], None]], None]) -> None:
        self._kme, self._post = kme, post
        self._work: queue.SimpleQueue[Optional[Tuple[Callable[[Kme], Any], Done]]] = queue.SimpleQueue()
        self.busy_since = 0.0
        threading.Thread(target=self._run, name="key server", daemon=True).start()

    def ask(self, what: Callable[[Kme], Any], done: Done) -> None:
        """Have something asked; the agent's thread hears the answer."""
        self._work.put((what, done))

    def stop(self) -> None:
        """Nothing more is asked."""
        self._work.put(None)

    def _run(self) -> None:
        while True:
            work = self._work.get()
            if work is None:
                self._kme.close()
                return
            self.busy_since = time.monotonic()
            self._answer(*work)
            self.busy_since = 0.0

    def _answer(self, what: Callable[[Kme], Any], done: Done) -> None:
        found: Any = None
        trouble: Optional[KmeTrouble] = None
        try:
            found = what(self._kme)
        except KmeTrouble as error:
            trouble = error
        except Exception as error:  # noqa: BLE001 - whatever it is, the next question is asked, too
            self._kme.close()
            trouble = KmeTrouble("malformed", f"the answer leads to {type(error).__name__}", spent=True)
        self._post(lambda: done(found, trouble))
