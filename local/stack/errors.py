"""The one error of the local stack."""


class LocalStackError(Exception):
    """The local stack cannot start, or has ended: one sentence for people that says why."""
