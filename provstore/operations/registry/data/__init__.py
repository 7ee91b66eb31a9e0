"""Values and files on their way into the project, and back out of it."""
