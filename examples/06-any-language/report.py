"""A bar for each window. No arguments: inputs, outputs and parameters come from PROVSTORE_TASK."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

BAR = 20  # characters for a share of 1


def main() -> None:
    task = json.loads(Path(os.environ["PROVSTORE_TASK"]).read_text(encoding="utf-8"))
    with Path(task["inputs"]["table"]).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    lines = [f"{name:6} {int(start):3} {'#' * round(float(share) * BAR):{BAR}}|" for name, start, share in rows]
    Path(task["outputs"]["report"]).write_text("\n".join([task["params"]["title"], *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
