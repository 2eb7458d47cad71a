"""The page of an archive."""
