"""How act lines are written: what a dialogue allows, the likeliest line as a whole, and what is only guessed."""
