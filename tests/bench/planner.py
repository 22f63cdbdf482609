"""What checking, planning and rendering cost, and how it grows.

python tests/bench/planner.py [--peers] [N …]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import commands
import growth
import peers


def main() -> None:
    """Print the tables; sizes given on the command line replace the usual ones and leave the rest out."""
    words = [word for word in sys.argv[1:] if word != "--peers"]
    if "--peers" in sys.argv:
        peers.compare([int(word) for word in words] or list(peers.SIZES))
        return
    sizes = [int(word) for word in words] or list(growth.SIZES)
    growth.table("city", sizes)
    growth.table("ring", sizes)
    if not words:
        commands.main()


if __name__ == "__main__":
    main()
