"""Secrets as an operator enters them: checking, storing, signing."""
