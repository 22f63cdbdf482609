"""The whitebox: Linux with FRR, ifupdown2 and nftables."""

from __future__ import annotations

import importlib.resources
from functools import cache, cached_property
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from citynet.plan import recording
from citynet.plan.access import TUNNEL_TABLE
from citynet.platforms.base import Rendered
from citynet.platforms.whitebox import (
    access,
    fencing,
    identified,
    ike,
    key_settings,
    marks,
    protected,
    refused,
    steering,
    tag_settings,
    telling,
    trace_settings,
    watching,
)
from citynet.platforms.whitebox.capabilities import CAPABILITIES
from citynet.platforms.whitebox.marks import STEERING_MASK, STEERING_SHIFT
from citynet.platforms.whitebox.sections import FILES, applies

if TYPE_CHECKING:
    from jinja2 import Template

    from citynet.plan.model import Device
    from citynet.platforms.whitebox.sections import ConfigFile


class Whitebox:
    """Renders a planned device as the files of a Debian router, one section per technology."""

    name = "whitebox"
    capabilities = CAPABILITIES

    @cached_property
    def _templates(self) -> dict[tuple[str, str], Template]:
        loader = PackageLoader("citynet.platforms.whitebox", "templates")
        environment = Environment(  # noqa: S701 - plain text, no HTML
            loader=loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        environment.globals["marks"] = marks
        environment.globals["encryption"] = protected
        environment.filters.update(burst=_burst, quoted=_quoted, hexadecimal=_hexadecimal)
        environment.globals.update(
            path_settings=steering.settings,
            key_settings=key_settings.settings,
            tag_settings=tag_settings.settings,
            trace_settings=trace_settings.settings,
            trace_port=trace_settings.PROBE_PORT,
            tag_bytes=tag_settings.most_bytes,
            ike_connections=ike.connections,
            ike_settings=ike,
            fence_table=fencing.table,
            refusal_settings=refused.settings,
            refusal_asking=refused.asking,
            telling=telling,
            identified=identified.matches,
            sentry_rules=watching.rules_text,
            sentry_settings=watching.settings,
            sentry_inside=watching.inside,
            sentry_outside=watching.outside,
            sentry_frames=watching.frames,
            sentry_openings=watching.OPENINGS,
            access_table=access.table,
            access_settings=access.settings,
            tunnel_table=TUNNEL_TABLE,
            tunnel_mtu=access.TUNNEL_MTU,
            recording=recording,
            has_certificate=key_settings.has_certificate,
            channel_port=key_settings.CHANNEL_PORT,
            exchange_port=key_settings.EXCHANGE_PORT,
            probe_port=steering.PROBE_PORT,
            steering_mask=STEERING_MASK,
            steering_unit=1 << STEERING_SHIFT,
        )
        return {
            (file.folder, technology): environment.get_template(f"{file.folder}/{technology}.j2")
            for file in FILES
            for technology in file.technologies
            if not file.program
        } | {
            ("nftables", name.removeprefix("nftables/").removesuffix(".j2")): environment.get_template(name)
            for name in environment.list_templates(filter_func=lambda name: name.startswith("nftables/"))
        }

    def render(self, device: Device) -> Rendered:
        """The whole configuration of a device; files that no technology of the device needs are left out."""
        rendered = Rendered(device.name, self.name)
        for file in FILES:
            parts = [
                self._section(device, file, technology)
                for technology in file.technologies
                if applies(technology, device)
            ]
            if text := "".join(parts):
                rendered.files[file.path] = text
        return rendered

    def render_section(self, device: Device, technology: str) -> dict[str, str]:
        """What one technology contributes, per file."""
        files = [file for file in FILES if technology in file.technologies]
        if not files:
            raise KeyError(technology)
        if not applies(technology, device):
            return {}
        texts = {file.path: self._section(device, file, technology) for file in files}
        return {path: text for path, text in texts.items() if text}

    def render_filter(self, device: Device, technology: str) -> str:
        """The chains of one technology in the packet filter, without the table that `protection` puts them in."""
        template = self._templates.get(("nftables", technology))
        return template.render(device=device) if template is not None else ""

    def _section(self, device: Device, file: ConfigFile, technology: str) -> str:
        if file.program:
            return _program(file.program)
        return self._templates[file.folder, technology].render(device=device)


@cache
def _program(name: str) -> str:
    folder = importlib.resources.files("citynet.platforms.whitebox.device")
    return folder.joinpath(f"{name}.py").read_text(encoding="utf-8")


def _burst(kbit: int) -> int:
    """Bytes that a class may send at once: what its rate gives in 10 ms, and at least some packets' worth."""
    return max(15_000, kbit * 10 // 8)


def _quoted(names: list[str]) -> str:
    """Names as nft takes those of interfaces."""
    return ", ".join(f'"{name}"' for name in names)


def _hexadecimal(numbers: list[int]) -> str:
    return ", ".join(f"{number:#x}" for number in numbers)


PLATFORM = Whitebox()
