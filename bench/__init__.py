"""Measures what the documents state: `make bench`, `make cost`, `make scale`."""
