"""The stack on an embedded AWS: its process, its deployment, its outputs."""


class LocalStackError(Exception):
    """A local stack could not be started, stopped or found; the message says what to do."""
