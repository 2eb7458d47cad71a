"""What failed in a run, and why."""
