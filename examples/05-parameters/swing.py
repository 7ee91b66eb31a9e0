"""A pendulum with friction, step by step (semi-implicit Euler): a table of seconds and degrees."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

STEP = 0.01  # s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("gravity", "length", "friction", "start"):
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    angle, speed = math.radians(arguments.start), 0.0
    lines = ["seconds,degrees"]
    for step in range(arguments.steps):
        lines.append(f"{step * STEP:.2f},{math.degrees(angle):.4f}")
        speed -= (arguments.gravity / arguments.length * math.sin(angle) + arguments.friction * speed) * STEP
        angle += speed * STEP
    arguments.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
