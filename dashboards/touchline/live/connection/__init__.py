"""What browsers may send to the live page, and how long NiceGUI keeps their pages."""
