"""Datasets and collections that people and programs record themselves; one module for each part."""
