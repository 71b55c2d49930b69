"""Models as files: where they lie, what they are called, and what may be offered."""
