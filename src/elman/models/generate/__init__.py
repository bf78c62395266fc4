"""Generate text character by character: `TextGenerator`."""
