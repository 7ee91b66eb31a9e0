"""The store: one SQLite file that remembers every dataset and every execution, and the objects beside it.

connection    opening the file, settings with their reasons, errors that name the file
migrate       numbered SQL files, each applied whole or not at all
facts         adding facts, with digest and chain; nothing else writes them
memory        what saves work: plan, files, tasks; may be emptied at any time
history       questions that `decide` asks: successes, attempts, material
records       questions that people ask: runs, executions, datasets
objects       the bytes that are kept
ledger        what happened and is not yet written: one transaction for each tenth of a second
pages         rows out of the pages of a damaged file, without SQLite
sift          which table a found row could be of
salvage       a new store from all facts that are whole
"""
