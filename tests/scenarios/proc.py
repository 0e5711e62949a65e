"""What /proc says of the processes of a test: who they are, what they hold, and how to wait for their end."""

import os
import pathlib
import select


class Proc:
    def __init__(self, pid):
        self.pid = pid
        self.folder = pathlib.Path("/proc") / str(pid)
        self.name = (self.folder / "comm").read_text().strip()

    def __repr__(self):
        return f"{self.name}({self.pid})"

    def _status(self, key):
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].split()[0]
        raise KeyError(key)

    def memory_peak(self):
        """Bytes of resident memory at most so far."""
        return int(self._status("VmHWM")) << 10

    def address_space(self):
        return int(self._status("VmSize")) << 10

    def libraries(self):
        """The names of the shared libraries that are mapped, without version: "libssl"."""
        lines = (self.folder / "maps").read_text().splitlines()
        return {pathlib.Path(line.split(None, 5)[5]).name.partition(".")[0] for line in lines if ".so" in line}

    def descriptors(self):
        return len(list((self.folder / "fd").iterdir()))

    def cpu_seconds(self):
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_zombie(self):
        return self._status("State") == "Z"

    def parent(self):
        return int(self._status("PPid"))

    def wait_end(self, limit):
        """True when the process is gone within the limit, or was before."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], limit)[0])
        finally:
            os.close(handle)


def _all():
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            yield Proc(int(entry.name))
        except OSError:
            pass  # it ended while we looked


def processes_in(folder):
    """Every process whose working folder is `folder` or lies in it."""
    found = []
    for process in _all():
        try:
            where = os.readlink(process.folder / "cwd").removesuffix(" (deleted)")
        except OSError:
            continue
        if where == str(folder) or where.startswith(f"{folder}/"):
            found.append(process)
    return found


def children_of(pid):
    found = []
    for process in _all():
        try:
            if process.parent() == pid:
                found.append(process)
        except (OSError, KeyError):
            pass
    return found
