"""What everybody reads: the front page, stories, lists of stories, standing pages, pictures."""
