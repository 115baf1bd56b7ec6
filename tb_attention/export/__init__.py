"""What leaves a log: a page of its own, with its maps, its matrices and the tab's own views."""
