"""A WordPress export becomes stories: read (wxr), made ready (body, stories), stored in one transaction (storing)."""
