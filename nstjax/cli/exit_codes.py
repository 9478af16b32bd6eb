"""What the shell gets to know."""

SUCCESS = 0
USER_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
