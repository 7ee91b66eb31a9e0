"""Which kinds of data there are, and whether a data ID is one of theirs."""
