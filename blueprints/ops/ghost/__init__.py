"""`flask import-ghost`: reads Ghost's JSON export, a row at a time, twice."""
