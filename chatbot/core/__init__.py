"""What every room stands on: errors, settings, conversations, jobs, locks and accounts."""
