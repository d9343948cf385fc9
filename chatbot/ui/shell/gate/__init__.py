"""The one door of the page: which host, which origin, who, and whether this route is for them, before anything else is asked."""
