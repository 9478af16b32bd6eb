"""What the shell gets to know."""

SUCCESS = 0
USER_ERROR = 2
