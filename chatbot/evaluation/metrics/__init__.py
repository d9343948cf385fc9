"""The figures, and how sure they are."""
