"""Write a text for an image: `Captioner`."""
