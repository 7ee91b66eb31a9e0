"""A store and a lock file that are committed: what git is told of them, and what it calls."""
