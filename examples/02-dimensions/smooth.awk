# Mean of the last `width` counts; lines are "minute counts".
{
    sum += $2 - (NR > width ? counts[NR - width] : 0)
    counts[NR] = $2
    printf "%d %.1f\n", $1, sum / (NR < width ? NR : width)
}
