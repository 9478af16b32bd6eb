"""Picture files: read and written, with what they hold beside the pixels."""
