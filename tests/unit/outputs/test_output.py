from __future__ import annotations

import io

from falco.outputs.file import FileOutput
from falco.outputs.output import Output
from falco.outputs.stream import StreamOutput


def test_every_output_has_the_four_methods():
    outputs: list[Output] = [
        StreamOutput("stdout", io.BytesIO(), buffered=False),
        FileOutput("/dev/null", keep_alive=True, buffered=False),
    ]
    methods = {name for name in vars(Output) if not name.startswith("_")}
    assert methods == {"open", "write", "reopen", "close"}
    for output in outputs:
        output.open()
        output.reopen()
        output.close()
        assert output.name
