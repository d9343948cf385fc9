"""The Lesson tab (原理)."""
