"""Fakes that behave and remember, for tests of provstore and of its plug-ins."""
