# clean.sh SEQUENCES LINES: "name SEQUENCE" on one line each.
awk '/^>/ { name = substr($1, 2); next } { bases[name] = bases[name] $1 } END { for (name in bases) print name, toupper(bases[name]) }' "$1" |
    LC_ALL=C sort > "$2"
