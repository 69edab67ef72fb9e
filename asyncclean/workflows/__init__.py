"""Cleansing: knows frames, knows neither HTTP nor files."""
