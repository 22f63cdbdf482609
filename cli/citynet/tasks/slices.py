"""FlexE clients on a router's lines, as the whitebox has them: a rate of its own for each, nothing lent or borrowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from citynet.plan.model import PortKind, SlicedPort, SliceEntry, SliceQueue
from citynet.plan.slices import queue_bytes
from citynet.tasks.base import Interface, Part, PortName, Prefix6, Task, Word

if TYPE_CHECKING:
    from citynet.plan.model import Device

Kbit = Annotated[int, Field(ge=8, le=400_000_000)]
Number = Annotated[int, Field(ge=1, le=255)]


class Client(Part):
    """A slice on one line."""

    slice: Word
    number: Number
    rate_kbit: Kbit


class SlicedLine(Part):
    """A port on a line, and what of it each client has; `base_kbit` is left for all the rest."""

    name: PortName
    base_kbit: Kbit
    clients: list[Client] = Field(default_factory=list)


class Entry(Part):
    """A port by which customers' packets enter, and the slice that carries them; 0 for none."""

    name: PortName
    number: Annotated[int, Field(ge=0, le=255)] = 0


class FlexeClients(Task):
    """The clients of all lines of a router; see `plan.model.SlicedPort`."""

    technology: ClassVar[str] = "slices"

    prefix: Prefix6
    interfaces: Annotated[list[SlicedLine], Field(min_length=1)]
    entries: list[Entry] = Field(default_factory=list)

    def fill(self, device: Device) -> None:
        """Queues of the lines, and what marks packets for them."""
        device.srv6.prefix = self.prefix
        device.ports = [Interface(name=one.name).port(PortKind.LINK) for one in self.interfaces]
        device.slice_entries = [SliceEntry(one.name, one.number) for one in self.entries]
        device.sliced_ports = [
            SlicedPort(
                line.name,
                line.base_kbit,
                queue_bytes(line.base_kbit),
                [SliceQueue(one.slice, one.number, one.rate_kbit, queue_bytes(one.rate_kbit)) for one in line.clients],
            )
            for line in self.interfaces
        ]
