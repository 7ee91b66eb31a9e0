"""`provstore slowest`: which tasks took longest, by a journal."""

from __future__ import annotations

import json

import click


@click.command(short_help="list the tasks that took longest, by a journal")
@click.argument("journal", type=click.Path(exists=True, dir_okay=False))
@click.option("-n", "number", type=click.IntRange(1), default=10, show_default=True, help="List so many.")
def slowest(journal: str, number: int) -> None:
    """List the tasks that took longest.

    \b
    $ provstore slowest runs.jsonl
       12.41 s  stack
        0.02 s  plot
    """  # noqa: D301 - click reads the character \b
    took: dict[str, float] = {}
    with open(journal, encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            if entry["what"] == "task finished" and entry["outcome"] == "executed":
                took[entry["task"]] = max(took.get(entry["task"], 0.0), entry["seconds"])
    for task in sorted(took, key=lambda task: -took[task])[:number]:
        click.echo(f"{took[task]:8.2f} s  {task}")
