"""The processes behind the commands: each runs until it is stopped, or does one long job."""
