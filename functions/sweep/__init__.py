"""Imports finished runs whose webhook never arrived, as if it had."""
