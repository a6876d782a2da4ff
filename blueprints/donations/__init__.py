"""Gifts: the form, the thanks, and the patrons' page."""
