"""The page of `nstjax serve`: pictures dropped, painted, watched and turned in a browser."""
