"""Grounding as the dialogue uses it; the check itself lives beside the records, where the corpus can use it too."""

from chatbot.hotels.grounding import ungrounded

__all__ = ["ungrounded"]
