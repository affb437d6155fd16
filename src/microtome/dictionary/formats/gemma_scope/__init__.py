"""Gemma Scope's files, read and written."""
