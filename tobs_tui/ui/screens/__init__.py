"""One screen a file; each reads the model, and sends commands through the app."""
