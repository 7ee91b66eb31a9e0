"""Which dimensions there are, and what is known of their values."""
