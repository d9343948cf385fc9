"""The page's words in Chinese and English."""
