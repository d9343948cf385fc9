"""The two-minute tour: what the workbench does, shown on what it ships."""
