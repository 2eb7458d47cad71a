"""Downloads an archive."""

from cli.commands.look.download.command import download

__all__ = ["download"]
