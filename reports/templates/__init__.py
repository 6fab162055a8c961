"""Notebooks that reports are rendered from, one template a file."""
