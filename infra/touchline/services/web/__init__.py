"""What every HTTP server of ours needs: its socket, access, probes, and pages that load late."""
