"""How each exhibit is drawn: a module an exhibit, imported when it is looked at."""
