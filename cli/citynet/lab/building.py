"""Kernel and image at the same time, with an end to both when one fails."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from citynet.errors import CitynetError, Exit
from citynet.lab import image, kernel
from citynet.lab.tools import ToolFailedError, Tools

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from citynet.lab.cache import Artefact


class BuildError(CitynetError):
    """Kernel or image could not be built."""

    exit_code = Exit.LACKING


@dataclass(frozen=True, slots=True)
class Built:
    """The files that a lab runs from; `kernel` is None when the lab runs on this machine's own."""

    kernel: Path | None
    image: Path


def wanted(*, native: bool) -> list[Artefact]:
    """What a lab of this kind needs."""
    return [image.artefact()] if native else [kernel.artefact(), image.artefact()]


def ensure(tell: Callable[..., None], *, native: bool = False, mirror: str | None = None) -> Built:
    """Build what is not in the cache; `tell(kind, stage, done, total)` hears how it goes.

    Raises:
        BuildError: A tool failed; says what it said.
        LackingError: A tool or an archive is missing.
    """
    tools = Tools()
    makers: dict[str, Callable[..., Path]] = {"image": image.ensure}
    if not native:
        makers["kernel"] = kernel.ensure
    with ThreadPoolExecutor(len(makers)) as pool:
        futures = {kind: pool.submit(make, tools, partial(tell, kind), mirror) for kind, make in makers.items()}
        try:
            wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in futures.values():
                if future.done():
                    future.result()  # raises what went wrong
        except ToolFailedError as error:
            raise BuildError(str(error)) from error
        finally:
            tools.stop()  # on success nothing runs any more
    return Built(futures["kernel"].result() if not native else None, futures["image"].result())
