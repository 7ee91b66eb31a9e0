"""Formats that provstore brings along. Each offers itself by the hook that plug-ins use."""
