"""Documentation is run: what pages say is what the program does."""
