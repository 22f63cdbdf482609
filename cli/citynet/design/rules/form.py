"""Rules that are asked outside this folder, while reading or later; they are explained like all others."""

from __future__ import annotations

from citynet.design.rules.registry import Rule, add
from citynet.errors import Severity

_TEXTS = {
    "yaml": """A design is made of UTF-8 files of YAML, each a mapping.

    Files are at most 16 MiB, nothing contains itself, and aliases and ranges expand to a million values at most, so
    that reading ends soon whatever the input. Mend the syntax at the place named; an editor with the schema
    (`citynet schema`) shows it while one types.""",
    "duplicate": """A name stands once.

    Two entries of one name would hide each other. That goes for two files of a design too, and for what profiles and
    fibre rings make. Rename one, or put the change into `override/`, whose files win on purpose.""",
    "range": """Ranges can be expanded, and those of one entry count in step.

    In `r[1-3]: {site: "s[11-13]"}` both ranges have three numbers. A range runs upwards, and all ranges of a name stand
    for at most 10,000 names together.""",
    "key": """Keys are those that the language has, and none that is needed is missing.

    A misspelt key would otherwise do nothing, silently. The reference page and `citynet schema` list them all.""",
    "value": """A value has the type and the range that its key asks for.""",
    "platform": """Every device is of a platform that citynet has, and that can encrypt what the device must.

    `citynet show DESIGN capabilities` lists what each can do.""",
    "path": """Every path that a service asks for can be had between all of its devices.

    A bound that cannot be met is told with the best that could be: the least delay and its way, the most trusted way
    and what is in its way, what must be shared, the best availability. Loosen the bound, or build what is missing.
    `citynet path explain` shows the paths there are.""",
}
for _id, _text in _TEXTS.items():
    add(Rule(_id, Severity.ERROR, "\n".join(line.strip() for line in _text.splitlines())))
