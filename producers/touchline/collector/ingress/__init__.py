"""HTTP ingress: authenticate a request, read it within limits, make its events durable, answer."""
