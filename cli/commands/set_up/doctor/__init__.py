"""`bolt-archive doctor`: what keeps runs from being archived, and what to do about it."""

from cli.commands.set_up.doctor.command import doctor

__all__ = ["doctor"]
