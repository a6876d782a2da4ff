"""Readers' replies under a story."""
