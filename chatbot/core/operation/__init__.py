"""What those who run the page see of it: logs without personal words, and counts."""
