"""The stand-alone page: a part of a log with the views of the tab in one file."""
