"""What each file of a log holds: its members, its manifest and their checks, as docs/format.md says."""
