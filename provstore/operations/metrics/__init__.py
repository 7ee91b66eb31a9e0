"""Measures in outputs that are marked as metrics: over runs, between two of them, as a chart."""
