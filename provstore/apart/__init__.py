"""Formats at work in a process apart: whatever a file does to its reader, it does to nobody else."""
