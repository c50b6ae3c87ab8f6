"""Alerting: the shell that evaluates alert rules over a store, and tells channels of the incidents."""
