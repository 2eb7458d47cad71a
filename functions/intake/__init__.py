"""What is done with a delivery, wherever it came from: record, pointer, quarantine."""
