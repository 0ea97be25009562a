import json
import subprocess
import sys

from falco.appliance import place


def test_it_becomes_falco_with_the_arguments_that_were_left(tmp_path):
    (tmp_path / place.DETECTOR).write_text(json.dumps({"arguments": ["--version"]}))
    command = [sys.executable, "-m", "falco.appliance.detector", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and out.startswith("falco version ")
    assert (tmp_path / place.PID).read_text() == f"{process.pid}\n"


def test_no_argument_is_taken_apart(tmp_path):
    words = ["-o", "a b;c %(x)s\n$(true)"]
    (tmp_path / place.DETECTOR).write_text(json.dumps({"arguments": words}))
    command = [sys.executable, "-m", "falco.appliance.detector", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and 'config option "a b;c %(x)s' in done.stderr
