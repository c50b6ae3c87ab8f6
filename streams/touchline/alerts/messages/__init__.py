"""What a receiver is told: the content of notifications, their texts and the body of webhooks."""
