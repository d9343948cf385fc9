"""A run under its guard: back to the last good checkpoint after an explosion, more slowly."""
