"""`bolt-archive`, the operator's command line."""
