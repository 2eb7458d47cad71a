"""`bolt-archive download`."""
