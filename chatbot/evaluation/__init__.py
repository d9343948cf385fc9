"""Metrics, a simulated user and reports."""
