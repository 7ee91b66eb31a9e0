"""Makes a project: `.provstore/`, and a starter Pipelinefile where there is none."""

from __future__ import annotations

import json
import os

from provstore.errors import error_from_os
from provstore.noun import NamedTuple
from provstore.project import FOLDER, PIPELINEFILE, make_folder

STARTER = """\
# What this project makes, and from what. `provstore run` brings it up to date, `provstore status` says why.
# All paths are relative to this file. Change something (the text, a command, a parameter) and run again.

[project]
name = {name}

[params]                                # values that stages may depend on
top = 10

[stages.words]                          # one step: what it reads, what it makes, how
description = "How often each word occurs"
run = '''
tr -cs 'A-Za-z' '\\n' < {{inputs.text}} | tr 'A-Z' 'a-z' | sed '/^$/d' |
    sort | uniq -c | sort -k1,1nr -k2 > {{outputs.counts}}
'''
inputs.text = {text}
outputs.counts = "out/words.txt"

[stages.report]                         # runs after `words`, whose output it reads
description = "The words that occur most often"
run = "head -n {{params.top}} {{inputs.counts}} > {{outputs.report}}"
inputs.counts = "out/words.txt"
outputs.report = "out/report.txt"
"""
TEXT_FILE = "text.txt"
TEXT = """\
For want of a nail the shoe was lost.
For want of a shoe the horse was lost.
For want of a horse the rider was lost.
For want of a rider the battle was lost.
For want of a battle the kingdom was lost.
And all for the want of a horseshoe nail.
"""


class InitReport(NamedTuple):
    """What was made.

    Attributes:
        root: Absolute path of the project.
        made: Relative to it; empty: everything was there.
        above: Root of the project that this one lies in; "" for none.
    """

    root: str
    made: tuple[str, ...]
    above: str


def init(folder: str, file: str | None) -> InitReport:
    """Makes what is missing, and never overwrites anything.

    Args:
        folder: Absolute; where the project is to be.
        file: Another name for the Pipelinefile.

    Raises:
        FileError, StoreUnwritableError: It can't be written.
    """
    path = os.path.join(folder, file or PIPELINEFILE)
    root, name = os.path.split(os.path.realpath(path))
    made = [] if os.path.isdir(os.path.join(root, FOLDER)) else [FOLDER + "/"]
    is_new = not os.path.lexists(path)
    make_folder(os.path.join(root, FOLDER))
    if is_new:
        made += [wrote for wrote, text in _starter(root, name) if _write_new(os.path.join(root, wrote), text)]
    return InitReport(root, tuple(made), _project_above(root))


def _starter(root: str, name: str) -> list[tuple[str, str]]:
    """File name and text of what a new project begins with."""
    title = os.path.basename(root)
    title = title if title.isprintable() and title else "my-project"
    starter = STARTER.format(name=_quoted(title), text=_quoted(TEXT_FILE))
    return [(name, starter), (TEXT_FILE, TEXT)]


def _quoted(text: str) -> str:
    """A string as TOML writes it; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)


def _write_new(path: str, text: str) -> bool:
    """Writes a file that is not there; False when it is."""
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise error_from_os(error, path) from error
    return True


def _project_above(root: str) -> str:
    folder = root
    while (above := os.path.dirname(folder)) != folder:
        folder = above
        if os.path.isfile(os.path.join(folder, PIPELINEFILE)):
            return folder
    return ""
