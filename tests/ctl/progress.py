"""A long input says on a terminal how far it is, and nowhere else: progress.py SLUSSCTL."""
import os
import pty
import subprocess
import sys
import tempfile

LINES = 45_000


def on_terminal(command):
    master, slave = pty.openpty()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=slave, check=True)
    os.write(slave, b"\x04")  # a terminal gives what was written in pieces; this byte is the last
    said = b""
    while not said.endswith(b"\x04"):
        said += os.read(master, 65536)
    os.close(slave)
    os.close(master)
    return said[:-1].decode().replace("\r\n", "\n")


def main(slussctl):
    with tempfile.TemporaryDirectory() as folder:
        schema, lines = os.path.join(folder, "s.json"), os.path.join(folder, "lines.ndjson")
        with open(schema, "w") as file:
            file.write('{"type": "integer"}')
        with open(lines, "w") as file:
            file.write("1\n" * LINES)
        command = [slussctl, "validate", "--lines", "--schema", schema, lines]
        assert subprocess.run(command, capture_output=True, check=True).stderr == b"", "it speaks to a pipe"
        assert on_terminal(command) == "".join(
            f"\r{lines}: {done} lines, {done * 100 // LINES} %" for done in (20_000, 40_000, LINES)) + "\n"
        with open(lines, "w") as file:
            file.write("1\n" * 100)
        assert on_terminal(command) == "", "it speaks of a short input"


if __name__ == "__main__":
    main(sys.argv[1])
