"""`bolt-archive`, the command line for operators."""
