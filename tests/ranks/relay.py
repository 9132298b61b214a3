"""A link between two hosts that takes its time: two TUN devices, and a program that hands packets from each to the other
some milliseconds later. Linux alone, by root; whoever starts it gives the devices to the hosts, which are network
namespaces, and ends it.

    python3 tests/ranks/relay.py MILLISECONDS DEVICE DEVICE
"""

import collections
import errno
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
# Packets of IP, without a header of the device's own.
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
# More than any packet of a device whose packets have 1,500 bytes.
LONGEST = 65536


def device(name):
    """Opens a new TUN device; reads and writes are packets, and never wait."""
    opened = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(opened, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return opened


def relay(delay, ends):
    """Never returns."""
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    # All take the same time, so that the first to come is the first to go.
    under_way = collections.deque()
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for end in select.select(ends, [], [], wait)[0]:
            under_way.append((time.monotonic() + delay, other[end], os.read(end, LONGEST)))
        while under_way and under_way[0][0] <= time.monotonic():
            _, end, packet = under_way.popleft()
            try:
                os.write(end, packet)
            except OSError as error:
                # A device that is not up loses what it is given.
                if error.errno != errno.EIO:
                    raise


if __name__ == "__main__":
    milliseconds, *names = sys.argv[1:]
    ends = [device(name) for name in names]
    print("ready", flush=True)
    relay(float(milliseconds) / 1000, ends)
