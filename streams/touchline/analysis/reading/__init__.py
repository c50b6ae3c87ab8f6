"""What the analysis reads from the store. The rest of the room is pure."""
