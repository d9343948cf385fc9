"""The hotel database that function calls run against."""
