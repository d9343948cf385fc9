"""Conversations made by a simulated user and a database."""
