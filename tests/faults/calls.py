# SPDX-License-Identifier: MIT
"""Runs of a program under strace, which ends it or lets it fail at a system call."""

import collections
import os
import re
import subprocess

KILL = "SIGKILL"

# call, number: the number-th such call of a process; of each, when there are several. error: KILL or the name of an errno.
# times: how many calls in a row fail, 0 for all from this one on.
Fault = collections.namedtuple("Fault", "call number error times")

OPENS = ["openat", "mkdir", "mkdirat"]
NAMES = ["rename", "renameat", "renameat2", "unlink", "unlinkat"]
WRITES = ["write", "pwrite64", "fallocate", "ftruncate", "copy_file_range", "fchmod"]
SYNCS = ["fsync", "fdatasync"]
READS = ["sendto", "recvfrom", "read", "pread64", "lseek", "flock", "ioctl", "statfs", "newfstatat", "statx",
         "readlink", "readlinkat", "getdents64"]
KILLED_AT = OPENS + NAMES + WRITES + SYNCS + ["flock", "sendto", "recvfrom"]

# The calls that a signal may break off; a program must go on with them. The kernel's own
# file systems never break off the others.
BROKEN_OFF = ["openat", "write", "pwrite64", "fallocate", "ftruncate", "copy_file_range", "fsync",
              "fdatasync", "read", "pread64", "flock", "sendto", "recvfrom"]


class NotReached(RuntimeError):
    """The program made fewer such calls than before."""


def faults_of(call, number):
    """What is to happen at a call, each time it alone."""
    if call in KILLED_AT:
        yield Fault(call, number, KILL, 1)
    for error in ["EIO"] if call in READS else ["EIO", "ENOSPC"]:
        yield Fault(call, number, error, 1)
        yield Fault(call, number, error, 0)
    if call in BROKEN_OFF:
        yield Fault(call, number, "EINTR", 3)


def text(fault):
    """A fault as it is printed."""
    extent = {0: " and all after it", 1: ""}.get(fault.times, f" and {fault.times - 1} after it")
    return f"{fault.error} at {fault.call} {fault.number}{extent}"


def strace(log, options, command, env):
    """Run a command under strace; like subprocess.run(), with a negative status for a signal."""
    return subprocess.run(["strace", "-o", log, *options, *command], env=env, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)


def record(log, command, env, image):
    """The calls of a run from the opening of the image on, as (call, number), each once: those
    of the program first, then those of what it started: a fault meets both, and what the
    program does before is not stmboot's doing but the dynamic linker's."""
    names = "trace=" + ",".join("?" + call for call in OPENS + NAMES + WRITES + SYNCS + READS)
    done = strace(log, ["-f", "-e", names], command, env)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    count, found, opened, program = collections.Counter(), collections.defaultdict(list), False, None
    with open(log, encoding="utf-8", errors="replace") as f:
        for process, call, rest in re.findall(r"^(\d+) +(\w+)\((.*)$", f.read(), re.M):
            program = program or process
            count[process, call] += 1
            if opened:
                found[process].append((call, count[process, call]))
            opened = opened or (call == "openat" and f'"{image}"' in rest)
    first, *others = found.values()
    before = {call: number - 1 for call, number in reversed(first)}
    return list(dict.fromkeys([*first, *(
        (call, number) for made in others for call, number in made
        if number > before.get(call, count[program, call]))]))


def inject(log, command, env, fault):
    """Run a command with a fault."""
    how = "signal=KILL" if fault.error == KILL else "error=" + fault.error
    last = {0: "+", 1: ""}.get(fault.times, f"..{fault.number + fault.times - 1}")
    # With --seccomp-bpf, strace 6.1 sends no signals.
    options = [] if fault.error == KILL else ["--seccomp-bpf"]
    done = strace(log, ["-f", *options, "-e", "trace=" + fault.call, "-e",
                                  f"inject={fault.call}:{how}:when={fault.number}{last}"],
                  command, env)
    with open(log, encoding="utf-8", errors="replace") as f:
        said = f.read()
    if ("killed by SIGKILL" if fault.error == KILL else "(INJECTED)") not in said:
        raise NotReached("it never came to that call")
    return done


def missing():
    """Why no fault can be injected here, or None."""
    path = os.environ.get("PATH", os.defpath)
    try:
        done = subprocess.run(["strace", "-e", "trace=none", "true"], env={"PATH": path},
                              check=False, capture_output=True)
    except FileNotFoundError:
        return "strace is not installed"
    return None if done.returncode == 0 else "strace may not trace: " + done.stderr.decode().strip()
