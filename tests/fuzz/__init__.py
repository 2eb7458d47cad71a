"""Mutated deliveries through the whole ingest handler: `make fuzz`."""
