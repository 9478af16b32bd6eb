"""Flags, settings files and the values of a sweep: texts to settings."""
