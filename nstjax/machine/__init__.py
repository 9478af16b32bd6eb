"""What this machine is: its devices and its memory."""
