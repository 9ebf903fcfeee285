"""What the programs say of themselves fits a terminal: no line of a help text is longer than 100 columns, and the words of a
table stand below each other. Usage: help.py FOLDER_OF_PROGRAMS FOLDER_OF_TESTS"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDEST = 100


def said(*command):
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0 and done.stdout, f"{command}: {done}"
    return done.stdout


def complaints(where, text):
    """A table is a run of lines of two blanks, a word, two blanks or more, and the rest."""
    column = None
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDEST:
            yield f"{where}:{number}: {len(line)} columns: {line}"
        row = re.match(r"  (?! ).*?\S {2,}(?=\S)", line)
        if row and column not in (None, row.end()):
            yield f"{where}:{number}: begins at column {row.end() + 1}, the row before at {column + 1}: {line}"
        column = row.end() if row else column if line.startswith(" ") else None


def texts(programs, tests):
    all_verbs = said(programs / "slussctl", "--help")
    verbs = re.findall(r"^  ([a-z]+) +\S", all_verbs, re.M)
    assert "status" in verbs and "sandbox" in verbs, all_verbs
    yield "slussctl --help", all_verbs
    for verb in verbs:
        yield f"slussctl {verb} --help", said(programs / "slussctl", verb, "--help")
    yield "slussd --help", said(programs / "slussd", "--help")
    yield "./dev help", said("./dev", "help")
    for verb in ("build", "test", "format", "package", "lint", "bench", "chaos", "fuzz"):
        yield f"./dev {verb} --help", said("./dev", verb, "--help")
    yield "simulate --help", said(tests / "simulate", "--help")


def main(programs, tests):
    red = list(complaints("red", "  a  b\n  cc  d\n" + "x" * (WIDEST + 1)))
    assert len(red) == 2, f"the test sees nothing: {red}"
    found = [complaint for where, text in texts(pathlib.Path(programs), pathlib.Path(tests)) for complaint in complaints(where, text)]
    print("\n".join(found) or "every help text fits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
