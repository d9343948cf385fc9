"""How the offline writer puts a facility into spoken words, and what it asks about a hotel."""
