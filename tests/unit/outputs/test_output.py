from __future__ import annotations

from falco.config import load
from falco.outputs.build import OUTPUTS
from falco.outputs.output import Output


def test_every_output_has_the_four_methods_and_the_name_of_its_row(tmp_path):
    methods = {name for name in vars(Output) if not name.startswith("_")}
    assert methods == {"open", "write", "reopen", "close"}
    config = load(None, [f"file_output.filename={tmp_path}/f", "http_output.url=http://localhost/"]).config
    for name, declared in OUTPUTS.items():
        output: Output = declared.make(config)
        output.open()
        output.reopen()
        output.close()
        assert output.name == name
        assert output.buffered in (True, False)
