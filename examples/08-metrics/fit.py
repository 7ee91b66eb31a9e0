"""Fits a polynomial to two thirds of the points by least squares; the rest are for the test."""

import csv
import json
import sys


def fitted(points, degree):
    """Coefficients of the polynomial with the least squares, lowest first: by Gauss's elimination."""
    size = degree + 1
    rows = [
        [sum(x ** (row + column) for x, _ in points) for column in range(size)] + [sum(y * x**row for x, y in points)]
        for row in range(size)
    ]
    for pivot in range(size):
        best = max(range(pivot, size), key=lambda row: abs(rows[row][pivot]))
        rows[pivot], rows[best] = rows[best], rows[pivot]
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for row in range(size):
            if row != pivot:
                rows[row] = [a - rows[row][pivot] * b for a, b in zip(rows[row], rows[pivot], strict=True)]
    return [row[-1] for row in rows]


def error(points, coefficients):
    """Root of the mean square of how far off the points are."""
    squares = [(y - sum(c * x**power for power, c in enumerate(coefficients))) ** 2 for x, y in points]
    return (sum(squares) / len(squares)) ** 0.5


source, fold, degree, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with open(source, encoding="utf-8") as file:
    points = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
test = points[fold::3]
training = [point for point in points if point not in test]
coefficients = fitted(training, degree)
measures = {"training": round(error(training, coefficients), 4), "test": round(error(test, coefficients), 4)}
with open(target, "w", encoding="utf-8") as file:
    json.dump(measures, file)
