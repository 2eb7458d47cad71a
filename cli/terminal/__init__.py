"""What a person types and reads: input, output, errors."""
