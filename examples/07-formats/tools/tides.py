"""The format `tide`: an hour and a height in metres on each line; a line that begins with # is a remark.

The order of the lines and remarks do not count.
"""

from provstore.plugin import Format, Hasher, Unavailable, compare_trees, hookimpl


class Tide(Format):
    """Heights by hour."""

    name = "tide"
    suffixes = (".tide",)
    python_type = dict

    def read(self, path, component=None, **parameters):
        """A mapping of hours to heights."""
        if component is not None or parameters:
            raise LookupError(f"a tide has no {component or ', '.join(parameters)}")
        heights = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                try:
                    hour, metres = line.split()
                    heights[f"{int(hour):02d}"] = float(metres)
                except ValueError:
                    raise Unavailable(f"line {number}: found {line!r}, expected an hour and a height") from None
        return heights

    def write(self, value, path):
        """A line for each hour."""
        path.write_text("".join(f"{hour} {metres}\n" for hour, metres in value.items()), encoding="utf-8")

    def digest(self, path):
        """Of hours and heights, in any order."""
        return Hasher().add(self.read(path)).digest

    def describe(self, path):
        """How many hours, and the highest tide."""
        heights = self.read(path)
        return {"hours": len(heights), "highest": max(heights.values(), default=None)}

    def diff(self, a, b, tolerance=None):
        """Each hour whose height is another one."""
        yield from compare_trees(self.read(a), self.read(b), (), tolerance)


@hookimpl
def provstore_formats():
    """The format."""
    return [Tide()]
