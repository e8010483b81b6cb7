"""What is put on a server: how many streams, of how many chunks, how fast."""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Load:
    streams: int
    # Chunks a second of each stream; 0 is as fast as it goes.
    rate: int = 20
    seconds: int = 10
    # Unpaced, a stream has this many chunks for each second that the run shall take. A guess: the rate is what is measured.
    flat_rate: int = 3000
    # 2: compare mode.
    answers: int = 1
    format: str = "openai"
    # Over how long the streams begin, so that their chunks don't come in step.
    ramp_ms: int = 1000
    # WebSockets beside, each on one of the streams' sessions; only Parley has them.
    observers: int = 0
    # Clients connect when their stream begins, not before.
    late: bool = False

    @property
    def chunks(self):
        return max(2, math.ceil(self.seconds * (self.rate or self.flat_rate)))

    @property
    def offered(self):
        """Chunks a second of all streams together; None if unpaced."""
        return self.streams * self.answers * self.rate or None

    @property
    def model(self):
        """The fast upstream reads from it what to stream."""
        return f"bench-{self.chunks}-{round(1e6 / self.rate) if self.rate else 0}"


def for_slow(load):
    """Unpaced, a server that is twenty times slower than the fast ones would take minutes for as many chunks as they get."""
    return load if load.rate else replace(load, flat_rate=max(1, load.flat_rate // 20))


# Too few streams to fill any pool, enough chunks to have all code paths loaded and compiled.
def warm_up(load):
    return Load(streams=20, rate=0, seconds=1, flat_rate=300, answers=load.answers, format=load.format, ramp_ms=0)
