"""The commands, one module each, in the panels of --help."""
