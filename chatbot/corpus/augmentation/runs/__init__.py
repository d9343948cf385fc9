"""What a run needs besides asking and writing: an end within seconds, its pace, its cards, a trial before it."""
