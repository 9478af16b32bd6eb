"""What is written beside a picture while it is made."""
