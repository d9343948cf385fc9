"""Models that people bring: taken in from a folder, a GGUF file or a hub, recognised, checked, and kept with their hashes."""
