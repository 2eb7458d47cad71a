"""What the embedded AWS lacks, added in its own process."""
