"""What a person types and reads: output, text, instants, errors."""
