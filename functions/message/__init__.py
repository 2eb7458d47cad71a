"""The message about a failed run, and that it is sent once."""
