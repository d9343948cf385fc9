"""The folder that holds everything made at run time: what may be named in it, who has it open, and how it is copied."""
