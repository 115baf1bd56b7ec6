"""Where bytes live: a directory on this machine, or a URL that fsspec reaches."""
