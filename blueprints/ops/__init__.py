"""Running the house: health, mail, the worker, demo content, importers."""
