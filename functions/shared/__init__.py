"""What both functions use: the vendor's events, the run record, the pointer, adapters, errors."""
