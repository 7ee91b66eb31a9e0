"""Which datasets belong together: the four types of collections, and what is found first in them."""
