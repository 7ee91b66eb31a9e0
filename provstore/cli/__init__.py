"""The command line: each command parses, calls one operation, renders.

main      entry; where errors become messages and exit statuses
quick     plain words of run, status and check, read without click
faces     what these three do once their words are read
group     the table of commands, each imported only when it is called
options   options that all commands share (-C, -f, --json)
place     where a command works
style     colour on terminals; text from outside made harmless
render    reports → text and JSON, pure functions
plain     events of a run → one line each
live      events of a run → a view on a terminal
<name>    one file for each command
"""
