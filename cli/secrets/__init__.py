"""Secrets as an operator types them: asked for, checked, stored, signed with."""
