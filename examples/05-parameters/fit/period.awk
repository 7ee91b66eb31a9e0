# Mean time between upward passages through zero; lines are "seconds,degrees", after a heading.
NR > 2 && before < 0 && $2 >= 0 {
    if (!passages++) first = $1
    last = $1
}
NR > 1 { before = $2 }
END { printf "%.6f\n", (last - first) / (passages - 1) }
