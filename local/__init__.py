"""The stack on this machine alone, a stand-in for Paradime, and the demo."""
