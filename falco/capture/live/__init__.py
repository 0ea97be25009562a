"""The running kernel as a source of events: the compiled probe loaded, attached, read and watched."""
