"""What the files are now: how they look (stat), what they hold (digest), and when a look is enough."""
