"""The installed command, as a person uses it."""
