"""Receives deliveries: verify, parse, record, queue."""
