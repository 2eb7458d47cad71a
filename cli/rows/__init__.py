"""The rows of all runs, asked with SQL on this machine."""
