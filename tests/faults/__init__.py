"""Faults: kills, full disks, damage, bad input; and what has to be true after each of them."""
