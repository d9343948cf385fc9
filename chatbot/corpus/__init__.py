"""Where conversations come from and how they become a data set."""
