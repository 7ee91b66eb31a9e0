"""The fixture `project`: a folder with the installed provstore."""

pytest_plugins = ["provstore.testing.fixtures"]
