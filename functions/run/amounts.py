"""Numbers, durations and sizes in words."""

# dbt's resource types among them.
_PLURALS = {"analysis": "analyses", "delivery": "deliveries", "saved query": "saved queries"}


def counted(number: int, noun: str) -> str:
    """Such as `1 file`, `2 files`."""
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def left_out(number: int, noun: str) -> str:
    """How many a list lacks; empty if it lacks none."""
    return counted(number, noun) if number > 0 else ""


def lasted(seconds: float) -> str:
    """Such as `2 h 5 min`: the two largest units."""
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join([f"{n} {unit}" for n, unit in parts if n][:2]) or "less than a second"


def precise_seconds(duration: float) -> str:
    """Such as `0.02 s`, `7.8 s`, `2 min 5 s`."""
    if duration < 10:
        return f"{max(duration, 0):.{2 if duration < 1 else 1}f} s"
    return lasted(duration)


def size(number: int) -> str:
    """Such as `680.1 KB`, of 1,000 bytes each."""
    if number < 1000:
        return counted(number, "byte")
    amount = float(number)
    for unit in ("KB", "MB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"
