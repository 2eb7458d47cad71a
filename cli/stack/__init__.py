"""The stack that a command works on: how to find it, its records, queues and functions."""
