"""The work itself, and what a person sees of it."""
