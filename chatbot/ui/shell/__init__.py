"""What surrounds the tabs: the page, its theme, its server, its errors."""
