"""What runs of the cluster's faults measured, added up over runs in a file."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "build/soak-cluster.json"
"""Remove it to begin anew."""


class Figures:
    """Sums and longest times: of everything, and of each kind of fault."""

    def __init__(self) -> None:
        kept: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
        self.sums = Counter[str](kept.get("sums", {}))
        self.faults = Counter[str](kept.get("faults", {}))
        self.longest: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.longest.update(kept.get("longest", {}))

    def add_time(self, kind: str, what: str, seconds: float) -> None:
        """Keep the longest time of its kind."""
        times = self.longest[kind]
        times[what] = round(max(seconds, times.get(what, 0.0)), 2)

    def save(self) -> None:
        FILE.parent.mkdir(exist_ok=True)
        content = {"faults": self.faults, "sums": self.sums, "longest": self.longest}
        FILE.write_text(json.dumps(content, indent=2, sort_keys=True))

    def table(self) -> str:
        """Return the figures as docs/scale.md has them."""
        columns = sorted({what for times in self.longest.values() for what in times})
        head = ["fault", "times", *columns]
        rows = [head, ["---"] * len(head)]
        for kind in sorted(self.faults):
            times = [f"{self.longest[kind].get(what, 0):.1f}" for what in columns]
            rows.append([kind, str(self.faults[kind]), *times])
        lines = [f"| {' | '.join(row)} |" for row in rows]
        sums = [f"{number} {what}" for what, number in sorted(self.sums.items())]
        return "\n".join([*lines, "", f"{self.faults.total()} faults: {', '.join(sums)}."])
