"""The stack in AWS: one construct a concern, composed in `stack.py`."""
