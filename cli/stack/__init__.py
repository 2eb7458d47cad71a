"""The stack that a command works on: where it is, its records, queues and functions."""
