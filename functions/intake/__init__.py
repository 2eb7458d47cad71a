"""What is done with a delivery, whoever brought it: record, pointer, quarantine."""
