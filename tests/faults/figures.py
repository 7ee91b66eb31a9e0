"""Tries all faults and writes how many were tried into docs/promises.md: `python tests/faults/figures.py [N]`.

N: so many times as many as CI tries (default 1). Takes some minutes for each.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "promises.md"
BEGIN, END = "<!-- begin: figures (by tests/faults/figures.py) -->", "<!-- end: figures -->"


def measure(times: int) -> dict[str, int]:
    """Runs the fault tests and returns what was tried, how often. Ends the program if one of them fails."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "pytest", "-q", "tests/faults", f"--faults={times}", f"--figures={figures}"]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if status:
            sys.exit(f"the fault tests ended with {status}: no figures written")
        found: dict[str, int] = json.loads(figures.read_text(encoding="utf-8"))
        return found


def table(figures: dict[str, int], times: int) -> str:
    """The figures as Markdown."""
    lines = ["| tried | times | broken promises |", "| --- | ---: | ---: |"]
    lines += [f"| {what} | {number:,} | 0 |" for what, number in figures.items()]
    today = datetime.now(UTC).date().isoformat()
    about = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}"
    command = "python tests/faults/figures.py" + (f" {times}" if times != 1 else "")
    return "\n".join([f"By `{command}` on {today}, {about}:", "", *lines])


def main() -> None:
    """Measures and writes."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    block = table(measure(times), times)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
