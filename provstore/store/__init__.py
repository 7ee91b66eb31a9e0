"""The store: one SQLite file that remembers every dataset and every execution, and the objects beside it.

store         an open store, and its questions
connection    opening the file, settings with their reasons, errors that name the file
migrate       numbered SQL files, each applied whole or not at all
facts         adding facts, with digest and chain; nothing else writes them
memory        what saves work: plan, files, tasks; may be emptied at any time
history       questions that `decide` asks: successes, attempts, material
records       questions that people ask: runs, executions, datasets
question      anybody's question in SQL, read-only
objects       the bytes that are kept
ledger        what happened and is not yet written: one transaction for each tenth of a second
lock          one run at a time
underway      the task that this process belongs to
retracted     what a failed execution had registered is taken back

Is it what was written?

fsck          every check of a store
checks        those of them that are SQL: rows that should not exist, references, facts beside the chain
proof         one record, before it is shown or used

Of `provstore backup`, `gc` and `recover`:

copy          a checked copy of the file
needed        which objects are needed, and by what
shrink        a smaller file after objects were freed
pages         rows out of the pages of a damaged file, without SQLite
sift          which table a found row could be of
salvage       a new store from all facts that are whole
"""
