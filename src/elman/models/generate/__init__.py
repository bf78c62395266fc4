"""Write a text character by character: `TextGenerator`."""
