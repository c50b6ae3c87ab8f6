"""Alerting: evaluates alert rules over a store, and sends the incidents to channels."""
