# SPDX-License-Identifier: MIT
"""Timing two commands against each other on a machine that others use, too."""

import statistics
import subprocess

import tools


def once(measure, command, statuses=(0,)):
    """Wall time in seconds and peak memory in bytes of one run."""
    out = subprocess.run([measure, *command], env=tools.surroundings(), check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    nanoseconds, kib, status = (int(word) for word in out.split())
    if status not in statuses:
        raise RuntimeError(f"{' '.join(command[:4])}: exit {status}")
    return nanoseconds / 1e9, kib * 1024


def paired(measure, first, second, rounds, statuses=(0,)):
    """Median times of two commands run in turn, and of their ratios second / first."""
    times = []
    for _ in range(rounds):
        times.append((once(measure, first, statuses)[0], once(measure, second, statuses)[0]))
    return (statistics.median(a for a, _ in times), statistics.median(b for _, b in times),
            statistics.median(b / a for a, b in times))


def row(what, is_, target, met):
    """One line of the table."""
    print(f"{what:<44} {is_:>14}   {target:<16} {'met' if met else 'MISSED'}")
