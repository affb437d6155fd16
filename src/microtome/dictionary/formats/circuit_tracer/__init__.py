"""circuit-tracer's folders, read and written."""
