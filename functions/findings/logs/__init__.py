"""What console logs say."""
