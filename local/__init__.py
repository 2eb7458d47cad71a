"""The local stack, a stand-in for Paradime, and the demo."""
