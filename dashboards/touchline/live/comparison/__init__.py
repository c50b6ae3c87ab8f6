"""The page that compares two periods, such as before and after a change."""
