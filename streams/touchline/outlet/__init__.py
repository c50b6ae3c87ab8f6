"""Changes of frictions for programs: as CloudEvents, in an order that programs can resume.

Pure: rows of `friction_changes` become events, and the queries that read them.
"""
