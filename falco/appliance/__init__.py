"""The container image: its configuration from the environment, its start, its supervision and its health."""
