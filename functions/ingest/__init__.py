"""Takes deliveries in: verify, parse, record, queue."""
