"""The door: what producers send is checked, stamped, and durable in the log before it is answered."""
