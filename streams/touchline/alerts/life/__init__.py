"""The life of an incident: what people do about it, what is held and why, who is notified next."""
