"""A sentence about the period. Its number of digits comes from PROVSTORE_TASK, its unit from PENDULUM_UNIT."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    period, report, *heading = sys.argv[1:]
    task = json.loads(Path(os.environ["PROVSTORE_TASK"]).read_text(encoding="utf-8"))
    unit = os.environ.get("PENDULUM_UNIT", "s")
    seconds = float(Path(period).read_text(encoding="utf-8"))
    value = seconds * 1000 if unit == "ms" else seconds
    text = f"{' '.join(heading)}\nPeriod: {value:.{task['params']['report.digits']}f} {unit}\n"
    Path(report).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
