"""What every room stands on: errors, metrics, settings, the deadline."""
