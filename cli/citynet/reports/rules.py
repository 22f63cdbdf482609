"""The page of all rules, made from the rules themselves."""

from __future__ import annotations

from citynet.design.rules import RULES
from citynet.errors import Severity

_HEAD = """# Rules of a design

`citynet check` asks every rule and reports everything at once: `file:line:column: what, expected …, hint [rule]`.
An error stops everything (exit code 2). A warning is printed and the work goes on; with `--strict` the exit code is 1.
Warnings are asked once a design has no errors, since most would be echoes of those.

```sh
citynet check labs/mini
citynet check --explain data-class
citynet check labs/mini --strict --sarif build/check.sarif
```

The last one also writes SARIF, which code hosts show beside the lines of a change.

"""


def rules_page() -> str:
    """The page as Markdown: errors, then warnings, each in alphabetical order."""
    parts = [_HEAD.rstrip()]
    for severity, title in ((Severity.ERROR, "Errors"), (Severity.WARNING, "Warnings")):
        rules = sorted((rule for rule in RULES.values() if rule.severity is severity), key=lambda rule: rule.id)
        parts.append(f"## {title}")
        parts += [f"### `{rule.id}`\n\n{rule.text}" for rule in rules]
    return "\n\n".join(parts) + "\n"
