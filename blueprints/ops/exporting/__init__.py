"""`flask export DIR` writes the magazine as files that people can read; `flask import-folder DIR` takes them back."""
