"""The stack on an embedded AWS: its process, its deployment, its outputs."""
