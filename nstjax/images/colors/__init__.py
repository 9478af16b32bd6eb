"""Colors: matched, measured and mixed."""
