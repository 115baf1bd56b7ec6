"""Reading a log back: its series, attempts, steps and samples."""
