"""`bolt-archive serve`: the archive in the browser, on loopback and read-only."""
