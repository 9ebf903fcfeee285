"""Every static look at the code: two compilers, clang-tidy, cppcheck, clang-format, shellcheck, man
pages. It changes nothing.

A file's verdict is remembered in .build/lint by the hash of all that it depends on, so only what
changed is looked at again. Each tool's own words are printed; exit 1 when one has any.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINT = ROOT / ".build" / "lint"
BUILD = LINT / "clang"
ONCE = LINT / "once"  # each file's command once: clang-tidy 14 loses its wits over a second look at the same file


def command(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=ROOT, **more)
    return done.returncode, done.stdout + done.stderr


def known_by(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, pathlib.Path) else str(part).encode())
        digest.update(b"\0")
    return LINT / "good" / digest.hexdigest()


def once(stamp, work):
    """The complaint of work(), or nothing when it was already found good."""
    if stamp.exists():
        return ""
    status, text = work()
    if status == 0:
        stamp.touch()
        return ""
    return text or f"status {status} without a word"


def build(compiler, place):
    status, text = command("cmake", "-S", ".", "-B", place, "-G", "Ninja", f"-DCMAKE_C_COMPILER={compiler}", "-DSLUSS_KIND=dev")
    if status == 0:
        status, text = command("cmake", "--build", place)
    return "" if status == 0 else "\n".join(line for line in text.splitlines() if not line.startswith("["))


def units():
    """(source, all its headers of ours, compiler flags) of each C file in the build."""
    database = json.loads((BUILD / "compile_commands.json").read_text())
    chosen = {entry["file"]: entry for entry in database if entry["file"].startswith((f"{ROOT}/src/", f"{ROOT}/tests/"))}
    ONCE.mkdir(exist_ok=True)
    (ONCE / "compile_commands.json").write_text(json.dumps(list(chosen.values())))

    def unit(entry):
        words = [word for word in shlex.split(entry["command"]) if "ccache" not in word]
        flags = [word for word in words if word.startswith(("-D", "-I", "-isystem", "-std"))]
        _, text = command("clang", *flags, "-MM", entry["file"])
        headers = [ROOT / word for word in text.replace("\\\n", " ").split()[1:] if word.startswith(str(ROOT))]
        return pathlib.Path(entry["file"]), headers, flags
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(unit, chosen.values()))


def clang_tidy(unit):
    source, headers, flags = unit
    stamp = known_by("clang-tidy", ROOT / ".clang-tidy", source, *headers, *flags)
    return once(stamp, lambda: command("clang-tidy", "--quiet", "-p", ONCE, source))


def cppcheck(unit):
    source, headers, flags = unit
    stamp = known_by("cppcheck", ROOT / ".cppcheck.suppressions", source, *headers, *flags)
    return once(stamp, lambda: command(
        "cppcheck", "--quiet", "--std=c11", "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1",
        f"--suppressions-list={ROOT / '.cppcheck.suppressions'}", "--library=posix",
        *[flag for flag in flags if flag.startswith(("-D", f"-I{ROOT}"))], source))


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return "".join(pool.map(work, items))


def files(*patterns):
    _, text = command("git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns)
    return [ROOT / name for name in text.splitlines() if (ROOT / name).exists()]


def shell_scripts():
    return [path for path in files() if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")]


def clang_format():
    sources = files("src/*.[ch]", "tests/*.[ch]")
    return in_parallel(lambda path: once(known_by("format", ROOT / ".clang-format", path), lambda: command(
        "clang-format", "--dry-run", "-Werror", path)), sources)


def man_pages():
    def page(path):
        with open(path, encoding="utf-8") as source:
            done = subprocess.run(["scdoc"], stdin=source, capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{path}: {done.stderr}"
    return "".join(map(page, files("*.scd")))


def main():
    words = argparse.ArgumentParser(prog="./dev lint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.parse_args()
    os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))
    (LINT / "good").mkdir(parents=True, exist_ok=True)
    looks = [
        ("gcc", lambda: build("gcc", ROOT / ".build" / "dev")),
        ("clang", lambda: build("clang", BUILD)),
        ("clang-format", clang_format),
        ("shellcheck", lambda: in_parallel(lambda path: "" if (done := command("shellcheck", path))[0] == 0 else done[1], shell_scripts())),
        ("man pages", man_pages),
        ("cppcheck", lambda: in_parallel(cppcheck, units())),
        ("clang-tidy", lambda: in_parallel(clang_tidy, units())),
    ]
    bad = 0
    for name, look in looks:
        began = time.monotonic()
        complaint = look()
        print(complaint, end="" if complaint.endswith("\n") or not complaint else "\n")
        print(f"{name:14} {'complains' if complaint else 'clean':10} {time.monotonic() - began:5.1f} s", flush=True)
        bad += bool(complaint)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
