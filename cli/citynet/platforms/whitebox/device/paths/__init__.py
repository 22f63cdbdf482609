"""The path agent of a device: it watches paths with probes and keeps the kernel's segment routes (see `agent`)."""
