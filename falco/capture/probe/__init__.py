"""The eBPF probe: its C text, and how it is built against the kernel of this host."""
