"""Every run's results, as rows that SQL can be asked of."""
