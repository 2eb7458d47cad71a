"""What people are told of a run, and that they are told once."""
