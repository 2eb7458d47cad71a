"""The stack's parts, one construct each."""
