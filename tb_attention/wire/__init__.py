"""What goes to the page: typed records, and one function for each answer that builds it from a log."""
