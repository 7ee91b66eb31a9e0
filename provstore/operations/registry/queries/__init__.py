"""Where is the one that …? Datasets and data IDs by conditions, and why nothing is found."""
