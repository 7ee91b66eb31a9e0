"""The nouns: frozen data without I/O. One file for each family of them.

Those that a run with nothing to do makes by the thousand are named tuples: `dataclasses` costs as much to
import as the interpreter itself, and a frozen data class four times as much to make.
"""
