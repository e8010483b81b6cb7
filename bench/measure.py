"""What a server costs, as the kernel counts it: its processor time, its memory, its open files."""

import os
import threading

TICKS = os.sysconf("SC_CLK_TCK")


def stat_fields(pid):
    """/proc/<pid>/stat from the third field on (the second is a name that may hold anything). See proc(5)."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def tree(root):
    """The process and all its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(stat_fields(entry)[1])
            except OSError:
                pass  # ended while we looked
    members = [root] if root in parents else []
    for member in members:
        members += [pid for pid, parent in parents.items() if parent == member]
    return members


def cpu_seconds(pids):
    """User and system time of all threads, and of children that have ended."""
    return sum(int(ticks) for pid in pids for ticks in stat_fields(pid)[11:15]) / TICKS


def machine_seconds():
    """Processor time that anything on this machine has used: all columns but idle and iowait; guests are in user already."""
    with open("/proc/stat") as file:
        columns = [int(ticks) for ticks in file.readline().split()[1:]]
    return (sum(columns[:8]) - columns[3] - columns[4]) / TICKS


# What counts as what, by the names in /proc/<pid>/smaps_rollup.
MEMORY = {"Rss": ("rss",), "Pss": ("pss",), "Pss_Anon": ("own",), "Pss_Shmem": ("own",)}


def memory_kib(pids):
    """Resident and proportional set size: the second shares pages out among the processes that share them. Of that, what is the
    server's own: without pages of files, such as the program, which may be shared with processes that come and go."""
    total = dict.fromkeys(("rss", "pss", "own"), 0)
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                name, _, value = line.partition(":")
                for kind in MEMORY.get(name, ()):
                    total[kind] += int(value.split()[0])
    return total


def open_files(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


class Peak:
    """The most memory and files that were seen while it was open; looks once a second, which costs a few milliseconds."""

    def __init__(self, pids):
        self.pids = pids
        self.memory = memory_kib([])
        self.files = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._end.wait(1.0):
            try:
                now = memory_kib(self.pids)
                self.memory = {key: max(value, now[key]) for key, value in self.memory.items()}
                self.files = max(self.files, open_files(self.pids))
            except OSError:
                return  # the server has ended; the run's failures say so

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
