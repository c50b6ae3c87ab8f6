"""What bounds the connections of every server: heads, waiting, unread responses, wrong keys, open files."""
