"""The alert store: every alert on disk, from the moment that it is committed until whoever waits for it has it."""
