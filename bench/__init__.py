"""Measures what `docs/performance.md` states: `make bench`."""
