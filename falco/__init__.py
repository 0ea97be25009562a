"""Falco: watches system calls, containers and Kubernetes audit events and holds them against rules."""

VERSION = "0.15.0"
ENGINE_VERSION = 3
