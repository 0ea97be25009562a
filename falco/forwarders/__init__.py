"""Forwarders: processes of their own, one for each destination, that deliver what is in the alert store."""
