"""A run: event, record, outcome, keys, plan, inventory. No I/O."""
