"""Faces for browsers: a page is a function from a report to facts, and a template; no SQL and no HTTP in it."""
