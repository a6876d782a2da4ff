"""The demo magazine, Upstairs 楼上: stories, pages, drawings, a report and its codes, three accounts."""
