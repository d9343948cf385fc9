"""Settings that are fitted to the base and the data, each with its reason."""
