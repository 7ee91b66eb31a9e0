"""`provstore ingest-simulated`: takes simulated exposures into a project."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from provstore.plugin import Store
from provstore_simulated.files import SIMULATED, Found, find

if TYPE_CHECKING:
    from collections.abc import Mapping

TRANSFERS = ("symlink", "relsymlink", "copy", "move", "hardlink", "direct", "auto")
MANY = 5
"""So many files are named that do not match; of more there is only the number."""


def expression(ctx: click.Context, param: click.Parameter, value: str) -> re.Pattern[str]:
    """A regular expression with at least one named group."""
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}", ctx, param) from None
    if not pattern.groupindex:
        what = f"{value!r} names no dimension, expected a group such as '(?P<exposure>\\d+)'"
        raise click.BadParameter(what, ctx, param)
    return pattern


@click.command("ingest-simulated", short_help="take simulated exposures into the project")
@click.argument("places", nargs=-1, required=True, metavar="FILE|FOLDER...", type=click.Path(exists=True))
@click.option("--regex", "pattern", callback=expression, default=SIMULATED, show_default=True,
              help="Which files, and what their names say: its named groups are dimensions.")  # fmt: skip
@click.option("--type", "--ingest-type", "type", metavar="NAME", default="rawexp", show_default=True,
              help="The dataset type that they are.")  # fmt: skip
@click.option("--run", metavar="COLLECTION", help="The RUN collection that gets them; without it, a new one.")
@click.option("--transfer", type=click.Choice(TRANSFERS), default="symlink", show_default=True,
              help="How they come into the project.")  # fmt: skip
@click.option("--skip-existing", is_flag=True, help="Pass over what is known already.")
@click.option("-n", "--dry-run", is_flag=True, help="Say which file would become what; take nothing in.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("-C", "folder", metavar="DIR", help="Work in DIR.")
@click.option("-f", "file", metavar="FILE", help="Use this Pipelinefile.")
def ingest_simulated(
    places: tuple[str, ...],
    pattern: re.Pattern[str],
    dry_run: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
    **how: Any,
) -> int:
    """Take simulated exposures into the project.

    Folders are looked through. A file whose name does not match is counted and named, the others are taken in: all
    of them, or none.

    \b
    $ provstore ingest-simulated ../simulation --run sim/1
    exposure=1, detector=1  ../simulation/sim_exposure_000001_array_1.fits
    exposure=1, detector=2  ../simulation/sim_exposure_000001_array_2.fits
    2 ingested as rawexp
    """  # noqa: D301 - click reads the character \b
    found = find(places, pattern)
    with open_store(folder, file) as store:
        report = _would_be(found) if dry_run else _ingest(store, found, how)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        _tell(found, report, how["type"], dry_run=dry_run)
    return 0 if found.named else 1


def open_store(folder: str | None, file: str | None) -> Store:
    """The store of the project that `-C` and `-f` name, here or before the command's name; else of the current one."""
    before: Mapping[str, str | None] = click.get_current_context().find_root().obj or {}
    where = os.path.join(before.get("folder") or ".", folder or ".")
    if not os.path.isdir(where):
        raise click.UsageError(f"-C {where}: there is no such folder, or it can't be entered")
    return Store.open(where, file=file or before.get("file"))


def _would_be(found: Found) -> dict[str, Any]:
    """The report of a dry run."""
    return {"files": [file._asdict() for file in found.named], "unmatched": found.others}


def _ingest(store: Store, found: Found, how: Mapping[str, Any]) -> dict[str, Any]:
    """Takes the files in: the report, with the field names of `dataset ingest --json`."""
    options = {name: how[name] for name in ("run", "transfer", "skip_existing")}
    report = store.ingest_files([(file.path, file.data_id) for file in found.named], how["type"], **options)
    datasets = [asdict(dataset) for dataset in report.ingested]
    return {"run": report.run, "ingested": datasets, "unmatched": found.others, "skipped": report.skipped}


def _tell(found: Found, report: Mapping[str, Any], type: str, *, dry_run: bool) -> None:
    """Names each file; what does not match goes to standard error."""
    data_ids = [", ".join(f"{name}={value}" for name, value in file.data_id.items()) for file in found.named]
    width = max(map(len, data_ids), default=0)
    known = set(report.get("skipped", ()))
    for file, data_id in zip(found.named, data_ids, strict=True):
        click.echo(f"{_harmless(data_id):{width}}  {_harmless(file.path)}{'  (known)' if file.path in known else ''}")
    done = "would be ingested" if dry_run else "ingested"
    click.echo(f"{len(found.named) - len(known)} {done} as {type}{f', {len(known)} known' if known else ''}")
    for path in found.others[:MANY]:
        click.echo(f"does not match: {_harmless(path)}", err=True)
    if len(found.others) > MANY:
        click.echo(f"does not match: {len(found.others) - MANY} more", err=True)


def _harmless(text: str) -> str:
    """A text that no terminal obeys."""
    return text if text.isprintable() else repr(text)
