"""Features that the embedded AWS lacks, added in its own process."""
