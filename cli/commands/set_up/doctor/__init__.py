"""`bolt-archive doctor`."""
