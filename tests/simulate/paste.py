"""A story that the simulator found is a case as it stands: played by the good core, it goes the same way until the bug shows.

paste.py SIMULATE_PLANTED RUN_CASES CASES_FOLDER
"""
import pathlib
import re
import subprocess
import sys
import tempfile

simulator, player, cases = sys.argv[1:]
for plant in ("key-forgotten", "refused-for-ever", "drain-starts"):
    with tempfile.TemporaryDirectory() as folder:
        for shared in ("schemas", "tables"):
            (pathlib.Path(folder) / shared).symlink_to(pathlib.Path(cases).resolve() / shared)
        case = pathlib.Path(folder) / plant
        case.mkdir()
        for seed in range(1, 300):  # the first that is no story of two routes: a case has one
            told = subprocess.run([simulator, "--seed", str(seed), "--plant", plant, "--story", case], capture_output=True, text=True)
            if told.returncode == 1 and "holds it as a case" in told.stdout:
                break
        else:
            raise AssertionError(f"{plant}: no seed tells a story that is a case; the last said: {told.stdout}")
        subprocess.run([player, "--update", case], check=True)
        played = (case / "expected.trace").read_text().splitlines()
        member = re.search(r"as a case, member (\d)", told.stdout).group(1)
        story, ours = [], False
        for line in told.stdout.splitlines():
            if re.match(r"\d \[", line):
                ours = line[0] == member
                line = line[2:]
            if ours and line and (line[0] == "[" or line.startswith("  ")):
                story.append(line)
        story = story[story.index(played[0]):]  # a case holds the member's last life
        alike = 0
        while alike < min(len(story), len(played)) and story[alike] == played[alike]:
            alike += 1
        print(f"{plant}: {len(story)} lines, {alike} of them alike")
        assert alike >= len(story) // 2 > 0 and played[0].startswith("["), "\n".join(played)
