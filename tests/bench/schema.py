"""JSON Schema side by side in one run: Sluss, Blaze (the npm package @sourcemeta/jsonschema), ajv, python3-jsonschema.

usage: ./dev bench schema [--seconds S] [--rounds N] [SCHEMA DOCUMENT]...

Without pairs it takes tests/bench/schema. Documents are parsed beforehand and formats annotate. The rounds interleave;
of each validator the least of its rounds' means counts, so that all are measured alike. The npm packages
@sourcemeta/jsonschema and ajv are put into .build/bench when npm is there; what is not installed is left out in one
line.
"""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BENCH = os.path.join(ROOT, ".build/release/tests/bench_schema")
TOOLS = os.path.join(ROOT, ".build/bench")
PACKAGES = ["@sourcemeta/jsonschema", "ajv"]

AJV = r"""
const fs = require('fs'), [, schemaPath, documentPath, seconds] = process.argv;
const schema = JSON.parse(fs.readFileSync(schemaPath)), document = JSON.parse(fs.readFileSync(documentPath));
const Ajv = /2020-12/.test(schema.$schema || '2020-12') ? require('ajv/dist/2020') : require('ajv');
const validate = new (Ajv.default || Ajv)({strict: false, validateFormats: false}).compile(schema);
if (!validate(document)) process.exit(1);
for (let i = 0; i < 2000; i++) validate(document);
let calls = 0, begin = process.hrtime.bigint(), end = begin + BigInt(Math.round(seconds * 1e9)), now;
do { for (let i = 0; i < 20; i++) validate(document); calls += 20; now = process.hrtime.bigint(); } while (now < end);
console.log(Number(now - begin) / calls);
"""


def run_sluss(schema, document, seconds):
    out = subprocess.run([BENCH, "--seconds", str(seconds), schema, document], capture_output=True, text=True)
    why = {1: "the document is not valid, and only a valid one is measured", 65: "the document is not JSON",
           66: "a file cannot be read", 78: "the schema does not compile"}
    if out.returncode != 0:
        sys.exit(f"bench: {schema}, {document}: {why.get(out.returncode, 'it crashed')} {out.stderr}".rstrip())
    return json.loads(out.stdout)


def run_blaze(program, schema, document, guess, seconds):
    loop = max(50, min(1_000_000, int(seconds * 1e9 / guess)))
    out = subprocess.run([program, "validate", "--fast", "--benchmark", "--loop", str(loop), schema, document],
                         capture_output=True, text=True)
    found = re.search(r"PASS ([0-9.]+) \+-", out.stdout + out.stderr)
    return float(found.group(1)) * 1000 if found else None


def run_ajv(schema, document, seconds):
    out = subprocess.run(["node", "-e", AJV, "--", schema, document, str(seconds)], capture_output=True, text=True,
                         env={**os.environ, "NODE_PATH": os.path.join(TOOLS, "node_modules")})
    return float(out.stdout) if out.returncode == 0 and out.stdout else None


def run_python(schema_path, document_path, seconds):
    try:
        import jsonschema
    except ImportError:
        return None
    with open(schema_path) as file:
        schema = json.load(file)
    with open(document_path) as file:
        document = json.load(file)
    validator = jsonschema.validators.validator_for(schema)(schema)
    calls, begin = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - begin < seconds:
        validator.is_valid(document)
        calls += 1
    return (time.perf_counter() - begin) / calls * 1e9


def find_tools():
    blaze = os.path.join(TOOLS, "node_modules/.bin/jsonschema")
    if not os.path.exists(blaze) and shutil.which("npm"):
        os.makedirs(TOOLS, exist_ok=True)
        print(f"bench: putting {' and '.join(PACKAGES)} into .build/bench", file=sys.stderr)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", TOOLS] + PACKAGES,
                       stdout=subprocess.DEVNULL)
    if not os.path.exists(blaze):
        print(f"bench: without npm, or what it said above: no {' and no '.join(PACKAGES)} in the table")
        return None
    return blaze


def measure(pair, blaze, seconds, rounds):
    """One row: the least of each validator's means over the rounds."""
    schema, document = pair
    row = {"name": os.path.basename(document).removesuffix(".json")}

    def least(name, value):
        if value is not None:
            row[name] = min(value, row.get(name, math.inf))

    for number in range(rounds):
        ours = run_sluss(schema, document, seconds)
        least("sluss", ours["validate_mean"])
        for name in ("validate", "bytes_to_verdict", "jansson_load", "compile"):
            least(name, ours[name])
        row["heap"] = ours["heap"]
        if blaze:
            least("blaze", run_blaze(blaze, schema, document, row["sluss"] * 2, seconds))
            least("ajv", run_ajv(schema, document, seconds))
        if number == 0:
            least("python", run_python(schema, document, min(seconds, 0.5)))
    return row


def cell(value):
    return "-" if value is None else f"{value:,.0f}"


def geometric(rows, name):
    ratios = [row["sluss"] / row[name] for row in rows if name in row]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def main(arguments):
    seconds, rounds, paths = 0.5, 3, []
    while arguments:
        word = arguments.pop(0)
        if word == "--seconds":
            seconds = float(arguments.pop(0))
        elif word == "--rounds":
            rounds = int(arguments.pop(0))
        elif word in ("-h", "--help"):
            print(__doc__)
            return 0
        else:
            paths.append(word)
    if not os.path.exists(BENCH):
        print(f"bench: {BENCH} is not built: ./dev build release", file=sys.stderr)
        return 69
    pairs = list(zip(paths[::2], paths[1::2])) or [
        (f"{HERE}/schema/{name}.schema.json", f"{HERE}/schema/{name}.json") for name in ("event", "event2020", "geo", "refs")]
    blaze = find_tools()
    rows = [measure(pair, blaze, seconds, rounds) for pair in pairs]
    print("ns a validation of a parsed document (mean of the best round); ratio = Sluss / other, below 1 is faster")
    print(f"{'document':<12}{'Sluss':>10}{'Blaze':>10}{'ratio':>7}{'ajv':>10}{'ratio':>7}{'python':>14}{'ratio':>9}")
    for row in rows:
        line = f"{row['name']:<12}{cell(row['sluss']):>10}"
        for name, wide, narrow in (("blaze", 10, 7), ("ajv", 10, 7), ("python", 14, 9)):
            ratio = f"{row['sluss'] / row[name]:.{2 if name != 'python' else 4}f}" if name in row else "-"
            line += f"{cell(row.get(name)):>{wide}}{ratio:>{narrow}}"
        print(line)
    for name in ("blaze", "ajv"):
        mean = geometric(rows, name)
        if mean:
            print(f"geometric mean of the ratios to {name}: {mean:.2f}")
    print("\nbytes to verdict (read and validate), jansson's load and free, compile; ns, the least")
    print(f"{'document':<12}{'verdict':>10}{'jansson':>12}{'ratio':>7}{'compile':>10}  heap bytes a valid document")
    for row in rows:
        print(f"{row['name']:<12}{cell(row['bytes_to_verdict']):>10}{cell(row['jansson_load']):>12}"
              f"{row['bytes_to_verdict'] / row['jansson_load']:>7.2f}{cell(row['compile']):>10}  {row['heap']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
