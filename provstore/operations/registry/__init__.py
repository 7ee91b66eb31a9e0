"""Datasets, collections and dimensions, as people and programs record and ask for them: a room for each question."""
