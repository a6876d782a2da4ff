"""The editor's side: stories, liveblogs, the board, codes, money, what the publisher says of itself."""
