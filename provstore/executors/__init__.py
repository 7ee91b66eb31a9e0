"""Places where commands run; each is an `Executor` of `provstore.ports`."""
