"""Kubernetes audit events, the second source: replayed from files, or posted by API servers to a web server."""
