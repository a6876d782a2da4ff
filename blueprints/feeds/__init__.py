"""What machines read of the magazine: feeds, sitemaps, robots.txt."""
