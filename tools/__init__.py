"""What make targets run: set-up, locking, the reference."""
