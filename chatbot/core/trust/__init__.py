"""What keeps strangers out: where calls may go, which hosts and origins are ours, sessions and tokens, and the brake on log-ins."""
