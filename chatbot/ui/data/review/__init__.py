"""Step 3 of the Data tab: the queue as a list beside the card, decided by button or by key."""
