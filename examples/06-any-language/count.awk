# The share of G and C in each window of each sequence; lines are "name SEQUENCE".
{
    for (start = 1; start + window - 1 <= length($2); start += window) {
        part = substr($2, start, window)
        printf "%s,%d,%.2f\n", $1, start, gsub(/[GC]/, "", part) / window > table
    }
}
