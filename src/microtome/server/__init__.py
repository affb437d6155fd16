"""The server: artifacts, annotations and model jobs over HTTP, on this machine."""
