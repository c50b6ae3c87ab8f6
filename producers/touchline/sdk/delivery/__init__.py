"""From an encoded event to its outcome: the queue, the sending thread, the spool, and what is counted.

| Module | Role |
|---|---|
| `buffer` | the queue, bounded in events and bytes |
| `sender` | the thread, its attempts, and what happens when the queue is full |
| `pace` | waits between attempts |
| `relay`, `spool`, `sqlite_file` | what is on disk |
| `ledger`, `account` | what became of each event; the counters that each batch reports |
| `loss`, `problem` | what is called back, logged and reported |
"""
