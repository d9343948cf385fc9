"""What people decide about conversations, kept for ever."""
