"""What the functions share: the vendor's events, the run record, the pointer, adapters, errors."""
