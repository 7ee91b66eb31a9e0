"""What somebody says of data and of work that no stage of the project has done."""
