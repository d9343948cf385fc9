"""The command line, one file a topic; each command calls the function that the page calls."""
