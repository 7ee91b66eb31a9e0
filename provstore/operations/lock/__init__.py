"""The lock file: writing it, keeping it up to date, comparing with it, taking conflicts out of it.

Rule: an entry holds on every machine. So keys are made without the values of secret variables, which each store salts
in its own way, and a dataset whose identity has not changed keeps the bytes that the file has named before.
"""
