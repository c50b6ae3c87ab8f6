"""Segments and own funnels: filters over customers that people save, as documents, and their SQL."""
