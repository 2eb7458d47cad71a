"""What every room builds on: errors, metrics, settings, the deadline."""
