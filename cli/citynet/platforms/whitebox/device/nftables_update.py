"""A loaded table brought to a new text in one transaction of the kernel, in which what stays is never gone.

Deleting a table and making it anew is one transaction, too, but a packet whose rules began before it and that looks
into a map after it finds the map empty. So sets and maps that both texts have stay and get new elements: the kernel
shows each look-up either all old ones or all new ones.
"""

from __future__ import annotations

import re
from typing import Dict

_OBJECT = re.compile(r"^(?:\t| {4})(set|map|chain|counter) (\S+) \{(.*)$")
_SPEC = re.compile(r"^(?:\t\t| {8})((?:type|typeof|flags|size|timeout) .*?)$")


def update(table: str, loaded: str, text: str) -> str:
    """What nft is to read.

    Args:
        table: Name of the table, of family `inet`.
        loaded: What nft lists of it now (elements may be left out); empty when there is none.
        text: The new table; empty when there is to be none.
    """
    old, new = objects(loaded), objects(text)
    if not loaded:
        return text
    if not text or any(old[one] != new[one] for one in old if one in new):
        # Made first, because one that is not there cannot be deleted.
        return f"table inet {table}\ndelete table inet {table}\n{text}"
    lines = [f"flush table inet {table}\n"]
    lines += [
        f"flush {key.split()[0]} inet {table} {key.split()[1]}\n" for key in old if key.startswith(("set", "map"))
    ]
    gone = sorted((key for key in old if key not in new), key=lambda key: not key.startswith("map"))
    lines.append(text if text.endswith("\n") else f"{text}\n")
    return "".join(lines) + "".join(f"delete {_in_table(key, table)}\n" for key in gone)


def objects(text: str) -> Dict[str, str]:
    """Sets, maps, chains and counters of a table, each with what says of which type it is."""
    found: Dict[str, str] = {}
    current = ""
    for line in text.splitlines():
        match = _OBJECT.match(line)
        if match:
            current = f"{match[1]} {match[2]}"
            found[current] = ""
        elif current and _SPEC.match(line):
            found[current] += " ".join(line.split()) + "\n"
    return found


def _in_table(key: str, table: str) -> str:
    kind, name = key.split()
    return f"{kind} inet {table} {name}"
