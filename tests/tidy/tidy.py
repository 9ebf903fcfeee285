"""Holds the house against its own rules: layers, words, size, contracts, purity. It reads text and symbols; it runs nothing of ours.

    tidy.py RULE [ROOT [BUILD]]      RULE: layers | calls | words | size | contracts | purity | red
Each finding is one line FILE:LINE: what is wrong; what to do. Exit 1 when there is one.
"""

import fnmatch
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PURE = "base json event schema decode validate enrich shape deliver settle flow".split()

# Whose header only these folders may open: every outside library sits in one shell.
OUTSIDE = {
    "librdkafka/": ["kafka"], "curl/": ["http", "daemon"], "libconfig.h": ["settings"], "microhttpd.h": ["ops", "ctl"],
    "systemd/": [], "libsmartcols": ["ctl"], "csv.h": ["enrich"], "pcre2.h": ["schema", "json"], "idn2.h": ["schema"],
    "uni(case|ctype|norm|str)": ["schema", "base"], "openssl/": ["base", "deliver", "settings", "kafka", "http"], "jansson.h": ["json", "schema", "http", "ops", "daemon", "ctl"],
}

WORDS = [
    (r"\b(XXX|FIXME|TODO)\b", "a wish in the code", "do it, or write an issue"),
    (r"^\s*#\s*if\s+0\b", "dead code", "delete it; git remembers"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets)\s*\(", "an unbounded write", "use struct buf, or snprintf with its result checked"),
    (r"(crates\.io|pypi\.org|npmjs\.|registry\.(npm|yarn)|repo1?\.maven|maven\.org|proxy\.golang|deb\.debian\.org|archive\.ubuntu)",
     "the host of a package registry", "let the ordinary client find it"),
    (r"(?<![\w./}\])])/(work|root|home)/", "a path of one machine", "make it relative, or an argument"),
]
EXIT = (r"(?<![\w.>])_?exit\s*\(", "exit() outside main and daemon", "return a struct error")
LINES_A_FILE, LINES_A_FUNCTION = 500, 70


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def sources(root, *patterns):
    return sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())


def read_layers(root):
    layers = {}
    for line in lines_of(root / "src/LAYERS"):
        if match := re.fullmatch(r"([a-z]+):\s*(.*)", line):
            layers[match[1]] = match[2].split()
    return layers


def layers(root):
    """Includes go only where src/LAYERS allows, and that has no circle."""
    allowed, seen = read_layers(root), set()
    for folder, uses in allowed.items():
        for used in uses:
            if used not in seen:
                yield f"src/LAYERS: {folder} uses {used}, which does not stand above it: a circle or an unknown folder"
        seen.add(folder)
    for path in sources(root, "src/*/*.[ch]"):
        folder = path.parent.name
        where = path.relative_to(root)
        if folder not in allowed:
            yield f"{where}: folder {folder} is not in src/LAYERS"
            continue
        for number, line in enumerate(lines_of(path), 1):
            if match := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
                target = match[1].split("/")
                if len(target) != 2:
                    yield f'{where}:{number}: include "{match[1]}"; write it as "folder/file.h"'
                elif target[0] != folder and target[0] not in allowed[folder]:
                    yield f"{where}:{number}: {folder} may not include {match[1]}; src/LAYERS gives it: {' '.join(allowed[folder])}"
                elif target[0] != folder and target[1].endswith("_private.h"):
                    yield f"{where}:{number}: {match[1]} never leaves its folder; put what you need into a public header"
            elif match := re.match(r"\s*#\s*include\s+<([^>]+)>", line):
                for prefix, owners in OUTSIDE.items():
                    if re.match(prefix, match[1]) and folder not in owners:
                        yield f"{where}:{number}: <{match[1]}> belongs to {', '.join(owners)}; ask that folder"


def read_ranks(path):
    """The line number of each file that a folder's own LAYERS names."""
    lines = [line.partition("#")[0].split() for line in lines_of(path)]
    return {name: number for number, names in enumerate(lines, 1) for name in names}


def code_of(path):
    """Its text with comments, strings and preprocessor lines blanked out, line by line as before."""
    blank = lambda match: re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|^[ \t]*#[ \t]*include[^\n]*', blank, path.read_text(encoding="utf-8"), flags=re.S | re.M)


def calls(root):
    """In a folder with a LAYERS of its own a file names functions only of files that stand above it there."""
    for table in sources(root, "src/*/LAYERS"):
        ranks, where = read_ranks(table), table.relative_to(root)
        texts = {path: code_of(path) for path in sources(table.parent, "*.[ch]")}
        homes = {}
        for path, text in texts.items():
            for match in re.finditer(r"^(static inline )?(?!static|typedef)[a-z][\w *]*?\b([a-z]\w*)\([^;{}]*\)\s*\{", text, re.M):
                homes[match[2]] = path.stem
        for name in sorted({path.stem for path in texts if path.suffix == ".c"} - set(ranks)):
            yield f"{where}: {name}.c has no line; a file stands below all that it calls"
        for path, text in texts.items():
            own = ranks.get(path.stem)
            for number, line in enumerate(text.splitlines(), 1) if own else ():
                for name in re.findall(r"(?<![\w.>])[a-z]\w*(?=\()", line) if line[:1].isspace() else ():  # else it is a declaration
                    home = homes.get(name, path.stem)
                    if home != path.stem and ranks.get(home, own) >= own:
                        yield f"{path.relative_to(root)}:{number}: calls {name}() of {home}, which does not stand above {path.stem} in {where}; move it to its noun, or return a verdict"


def words(root):
    """No word that promises work, writes unbounded, or names a machine."""
    files = sources(root, "src/**/*", "tests/**/*", "config/**/*", "schemas/**/*", "systemd/*", "man/*", "debian/*", ".ci/*",
                    "dev", "CMakeLists.txt", "README.md", ".clang-tidy", ".clang-format")
    for path in files:
        where = path.relative_to(root)
        if where.parts[:2] == ("tests", "tidy") or "__pycache__" in where.parts:
            continue  # it has to name them
        try:
            lines = lines_of(path)
        except UnicodeDecodeError:
            continue  # a sample of bad bytes
        rules = list(WORDS)
        if where.parts[0] == "src" and where.parts[1] != "daemon" and path.name != "main.c":
            rules.append(EXIT)
        for number, line in enumerate(lines, 1):
            for pattern, what, cure in rules:
                if re.search(pattern, line):
                    yield f"{where}:{number}: {what}; {cure}"


def exceptions():
    """PATH [FUNCTION] in tests/tidy/long.txt, each with its reason after a #."""
    found = set()
    for line in lines_of(HERE / "long.txt"):
        name, _, reason = line.partition("#")
        if name.strip():
            assert reason.strip(), f"tests/tidy/long.txt: {name.strip()} stands there without a reason"
            found.add(tuple(name.split()))
    return found


def functions(lines):
    """(name, first line, length) of each function in a file formatted by clang-format."""
    begin, name = None, None
    for number, line in enumerate(lines, 1):
        if re.match(r"[a-zA-Z_]", line) and not line.rstrip().endswith(";") and "=" not in line.split("(")[0]:
            if match := re.search(r"(\w+)\(", line):
                begin, name = number, match[1]
        elif line.startswith("}"):
            if begin and line.rstrip() == "}":
                yield name, begin, number - begin + 1
            begin = None


def size(root):
    """Files of about 500 lines, functions of 70; longer ones by name and with a reason."""
    known = exceptions()
    for path in sources(root, "src/*/*.[ch]", "tests/**/*.[ch]", "tests/**/*.py", "dev"):
        where, lines = path.relative_to(root), lines_of(path)
        if len(lines) > LINES_A_FILE and (str(where),) not in known:
            yield f"{where}:{len(lines)}: {len(lines)} lines; split by nouns at about {LINES_A_FILE}, or name it in tests/tidy/long.txt"
        if path.suffix == ".c" and where.parts[0] == "src":
            for name, begin, length in functions(lines):
                if length > LINES_A_FUNCTION and (str(where), name) not in known:
                    yield f"{where}:{begin}: {name}() has {length} lines; {LINES_A_FUNCTION} at most, or name it in tests/tidy/long.txt"


def contracts(root):
    """Each file begins by saying what it is; each header has a guard of its own name."""
    for path in sources(root, "src/*/*.[ch]"):
        where, text = path.relative_to(root), path.read_text(encoding="utf-8")
        if not text.startswith(("/*", "//")):
            yield f"{where}:1: begins without a comment; say what the file is, then what it is not"
        guard = f"SLUSS_{path.parent.name}_{path.stem}_H".upper()
        if path.suffix == ".h" and f"#ifndef {guard}" not in text:
            yield f"{where}:1: the guard of this header is called {guard}"


def symbols(objects, *flags):
    text = subprocess.run(["nm", "-P", *flags, *objects], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in text.splitlines() if line and not line.endswith(":")}


def purity(root, build):
    """Pure folders reach for no clock, descriptor, environment or random source, and link only to whom LAYERS gives them."""
    rules = [word for line in lines_of(HERE / "pure.txt") for word in line.partition("#")[0].split()]
    defined, missing, uses = {}, {}, read_layers(root)
    with tempfile.TemporaryDirectory() as folder:
        for name in PURE:
            library = pathlib.Path(build) / f"lib{name}.a"
            if not library.exists():
                continue
            whole = f"{folder}/{name}.o"
            subprocess.run(["ld", "-r", "--whole-archive", library, "-o", whole], check=True)
            defined[name] = symbols([whole], "-g", "--defined-only")
            missing[name] = symbols([whole], "-u")
    if not defined:
        yield f"{build}: no pure library there; build the release kind first"
    for name, wanted in missing.items():
        own = set().union(*(defined.get(used, set()) for used in uses[name]))
        for symbol in sorted(wanted - own):
            last = next((rule for rule in reversed(rules) if fnmatch.fnmatchcase(symbol, rule.lstrip("!"))), "!")
            if not last.startswith("!"):
                continue
            home = next((other for other, names in defined.items() if symbol in names), None)
            if home:
                yield f"src/{name}: uses {symbol} of {home}, whom src/LAYERS does not give it"
            else:
                yield f"src/{name}: uses {symbol}; a pure folder gets the world as arguments (or tests/tidy/pure.txt lacks a harmless name)"


def run(rule, root, build=None):
    return list(purity(root, build) if rule == "purity" else globals()[rule](root))


# A small violation of each rule: what red plants in a tree that is otherwise clean, and the words that must be found.
CLEAN = {"src/LAYERS": "base:\njson: base\n", "src/base/span.h": "/* A span. Not a string. */\n#ifndef SLUSS_BASE_SPAN_H\n#endif\n",
         "src/json/path.c": '/* A path. It is no document. */\n#include "base/span.h"\nint path(void) {\n    return 0;\n}\n',
         "src/json/LAYERS": "path # of nobody\nlow\nhigh\n", "src/json/low.c": "/* It is. low() is not called here, nor high(). */\nint low(void) {\n    return 0;\n}\n",
         "src/json/high.c": "/* It is. It is not. */\nint low(void);\nint high(void);\nint high(void) {\n    return low();\n}\n"}
COMMENT = "/* It is. It is not. */\n"
PLANTS = [
    ("layers", "src/base/bad.c", COMMENT + '#include "json/path.h"\n', "base may not include json/path.h"),
    ("layers", "src/LAYERS", "base: json\njson: base\n", "a circle"),
    ("layers", "src/json/bad.c", COMMENT + '#include "base/span_private.h"\n', "never leaves its folder"),
    ("layers", "src/json/bad.c", COMMENT + "#include <curl/curl.h>\n", "belongs to http"),
    ("calls", "src/json/LAYERS", "path\nhigh\nlow\n", "calls low() of low"),
    ("calls", "src/json/LAYERS", "path low high\n", "calls low() of low"),
    ("calls", "src/json/LAYERS", "path\nlow\n", "high.c has no line"),
    ("words", "src/base/bad.c", COMMENT + "/* FIX" + "ME later */\n", "a wish"),
    ("words", "src/base/bad.c", COMMENT + "#if 0\n#endif\n", "dead code"),
    ("words", "src/base/bad.c", COMMENT + "void f(char *a) {\n    strcpy(a, a);\n}\n", "unbounded"),
    ("words", "src/base/bad.c", COMMENT + "void f(void) {\n    exit(1);\n}\n", "exit() outside"),
    ("words", "README.md", "see /home/here\n", "a path of one machine"),
    ("words", "dev", "fetch https://pypi.org/x\n", "package registry"),
    ("size", "src/base/bad.c", COMMENT + "\n" * 500, "501 lines"),
    ("size", "src/base/bad.c", COMMENT + "int f(void) {\n" + "    f();\n" * 80 + "}\n", "f() has 82 lines"),
    ("contracts", "src/base/bad.c", "int f(void);\n", "begins without a comment"),
    ("contracts", "src/base/bad.h", COMMENT + "#ifndef BAD_H\n#endif\n", "guard"),
    ("purity", "src/base/bad.c", COMMENT + "#include <time.h>\nlong f(void);\nlong f(void) {\n    return (long)time(0);\n}\n", "uses time"),
    ("purity", "src/base/bad.c", COMMENT + "int path(void);\nint f(void);\nint f(void) {\n    return path();\n}\n", "uses path of json"),
]


def compile_tree(root):
    """The libraries of a small tree, as the build lays them out."""
    for folder in ("base", "json"):
        objects = []
        for path in sources(root, f"src/{folder}/*.c"):
            objects.append(path.with_suffix(".o"))
            subprocess.run(["cc", "-c", "-I", root / "src", path, "-o", objects[-1]], check=True)
        if objects:
            subprocess.run(["ar", "rcs", root / f"lib{folder}.a", *objects], check=True)


def red(_):
    """Each rule finds its planted violation, and nothing in a clean tree."""
    for rule, plant, text, wanted in [(rule, None, "", "") for rule in ("layers", "calls", "words", "size", "contracts", "purity")] + PLANTS:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in {**CLEAN, **({plant: text} if plant else {})}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            if rule == "purity":
                compile_tree(root)
            found = run(rule, root, root)
        if plant is None and found:
            yield f"red: {rule} complains about a clean tree: {found}"
        elif plant and not any(wanted in finding for finding in found):
            yield f"red: {rule} did not find its planted violation in {plant} ({wanted!r}), but: {found}"


def main(rule, root=HERE.parents[1], build=None):
    found = run(rule, pathlib.Path(root), build)
    for finding in found:
        print(finding)
    print(f"{rule}: {len(found) or 'no'} finding{'' if len(found) == 1 else 's'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
