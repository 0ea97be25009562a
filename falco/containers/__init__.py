"""What engines tell of their containers: asked by worker threads, never by the thread that events are looked at in."""
