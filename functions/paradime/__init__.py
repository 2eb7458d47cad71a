"""Paradime's API: session, addresses, credentials, questions, downloads."""
