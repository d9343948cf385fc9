"""What a page needs to be run by somebody else: health, metrics, request ids, a guard around every event, and a stop that lets answers end."""
