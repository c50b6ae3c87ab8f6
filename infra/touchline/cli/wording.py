"""How the commands put counts into words."""


def counted(count: int, what: str) -> str:
    """`1 file`, `1,000 files`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
