"""FRR on a device that citynet does not manage whole: one claim is brought into force, other lines are left alone."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

from .frr import START_LIMIT_S, Frr, alive, dead, running, service
from .frr_changes import CONFIGURATION, DAEMONS, LIBRARY, Changes, entries, parse, settle
from .network_scope import BESIDE
from .system import StepError, booted_with_systemd, must, read, run, wait_for

if TYPE_CHECKING:
    from .frr_claim import Claim
    from .part import Texts

# The lines of `frrinit.sh reload` that start added daemons and leave the others alone.
_PICK_UP = f"""log_success_msg() {{ :; }}; log_warning_msg() {{ echo "$@" >&2; }}
log_failure_msg() {{ echo "$@" >&2; }}
. {LIBRARY}/frrcommon.sh
daemon_list enabled_daemons disabled_daemons
watchfrr_options="$watchfrr_options $enabled_daemons"
daemon_stop watchfrr --reload
daemon_start watchfrr"""
_PER_DAEMON = ("zebra", "bgpd", "isisd", "staticd", "ospfd", "bfdd")


class ScopedFrr(Frr):
    """The claim of one scope."""

    name = f"frr{BESIDE}"

    def __init__(self, claim: Optional[Claim] = None) -> None:
        self._claim = claim
        self.before = self._present() if claim else set()

    @staticmethod
    def _present() -> set[Any]:
        text = running() if alive() else read(CONFIGURATION) or ""
        return set(entries(parse(text)))

    def texts(self) -> Texts:
        """The files that the claim needs, as templates."""
        if self._claim is None:
            return {}
        former = read(CONFIGURATION)
        if former is None:
            split = [name for name in _PER_DAEMON if read(f"/etc/frr/{name}.conf")]
            if split:
                raise StepError(
                    f"FRR has a file per daemon here (/etc/frr/{split[0]}.conf); citynet needs {CONFIGURATION}: "
                    "`service integrated-vtysh-config` and `write memory` in vtysh make it"
                )
        found = {CONFIGURATION: self._claim.in_file(former or "")}
        daemons = read(DAEMONS) or ""
        enabled = _with_daemons(daemons, self._claim.daemons)
        if enabled != daemons:
            found[DAEMONS] = enabled
        return found

    def remembered(self) -> dict[str, Any]:
        """What the claim is, and what of it is its own, once it is committed."""
        if self._claim is None:
            return {"claimed": [], "owned": []}
        return {"claimed": self._claim.claimed, "owned": self._claim.owned(self.before)}

    def _dead(self) -> list[str]:
        wanted = "".join(f"{name}=yes\n" for name in self._goal.daemons)
        return dead({DAEMONS: wanted})

    def _await_daemons(self) -> None:
        if not wait_for(lambda: not self._dead(), START_LIMIT_S):
            raise StepError("not running: " + ", ".join(self._dead()))

    @property
    def _goal(self) -> Claim:
        if self._claim is None:
            raise StepError("no claim")
        return self._claim

    def drift(self, texts: Texts, memory: Any) -> str:
        """What the running configuration lacks of the claim, or still has of what was claimed before."""
        gone = self._dead()
        return "not running: " + ", ".join(gone) if gone else Changes(self._goal.goal).text()

    def snapshot(self, texts: Texts) -> Any:
        """The daemons that ran and what they ran, for it need not be what the file says."""
        lives = alive()
        return {"alive": lives, "running": running() if lives else ""}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start what is missing, then change in place; nothing that runs is restarted."""
        if not alive():
            service("start")
        elif self._dead():
            _pick_up()
        self._await_daemons()
        settle(self._goal.goal)

    def check(self, texts: Texts) -> list[str]:
        """FRR runs the claim; a daemon that died of it is started again, once, and named."""
        notes = []
        gone = self._dead()
        if gone:
            _pick_up()
            self._await_daemons()
            settle(self._goal.goal)
            notes.append(f"{', '.join(gone)} died while being configured and was started again")
        changes = Changes(self._goal.goal)
        if changes:
            raise StepError("FRR does not run what was asked: " + "; ".join(changes.text().splitlines()[:5]))
        return notes

    def memory(self, texts: Texts) -> Any:
        """Nothing: what runs is compared with the claim each time."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Back to what ran; daemons that the transaction started are stopped."""
        if not snapshot["alive"]:
            service("stop")
            return
        added = [name for name in alive() if name not in snapshot["alive"]]
        if added:
            _pick_up()
            for name in added:
                run(["/bin/bash", "-c", f". {LIBRARY}/frrcommon.sh; daemon_stop {name}"])
        if not settle(lambda _: parse(snapshot["running"])):
            service("restart")


def _with_daemons(text: str, names: list[str]) -> str:
    """The `daemons` file with those switched on, its other lines as they are."""
    for name in names:
        line = re.compile(rf"^[ \t]*{name}[ \t]*=.*$", re.MULTILINE)
        if not line.search(text):
            text = (text if text.endswith("\n") or not text else text + "\n") + f"{name}=yes\n"
        else:
            text = line.sub(_switched_on, text)
    return text


def _switched_on(found: re.Match[str]) -> str:
    name, _, value = found.group(0).partition("=")
    return found.group(0) if value.strip().strip("\"'") == "yes" else f"{name.strip()}=yes"


def _pick_up() -> None:
    """Have the supervisor start the daemons that the `daemons` file names by now."""
    if booted_with_systemd():
        must(["systemctl", "reload", "frr"])
    else:
        must(["/bin/bash", "-c", _PICK_UP])
