"""Commands that ask the rows of all runs."""
