# One line, "star statistic value", from lines "minute counts".
NR == 1 || $2 > peak { peak = $2 }
{ sum += $2 }
END { printf "%s %s %.1f\n", star, statistic, (statistic == "peak" ? peak : sum / NR) }
