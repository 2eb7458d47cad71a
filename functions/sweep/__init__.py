"""Finds ended runs of which no delivery came, and takes them in as deliveries are."""
