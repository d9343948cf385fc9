"""Everything that knows a model family."""
