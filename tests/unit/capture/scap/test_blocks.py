from __future__ import annotations

from falco.capture.scap import blocks


def test_layouts_have_the_sizes_of_the_format():
    sizes = {
        name: getattr(blocks, name).size for name in ("BLOCK", "SECTION", "MACHINE", "HEADER", "COUNT", "CPU_FLAGS")
    }
    assert sizes == {"BLOCK": 8, "SECTION": 16, "MACHINE": 180, "HEADER": 22, "COUNT": 4, "CPU_FLAGS": 6}


def test_event_scan_reads_the_code_of_an_ordinary_event_block():
    head = blocks.BLOCK.pack(blocks.EVENT_V2, 40) + blocks.CPU.pack(1) + blocks.HEADER.pack(1, 2, 26, 307)
    assert blocks.EVENT_SCAN.unpack_from(head) == (blocks.EVENT_V2, 40, 307)


def test_every_event_block_has_flags_or_a_twin_that_has():
    assert set(blocks.FLAGGED) | set(blocks.FLAGGED.values()) == blocks.EVENT_BLOCKS
    assert set(blocks.FLAGGED.values()) == blocks.WITH_FLAGS


def test_aliases_name_kinds_that_are_read():
    known = {blocks.MACHINE_INFO, blocks.FDS, blocks.EVENT, blocks.INTERFACES, blocks.USERS, *blocks.PROCESSES}
    assert set(blocks.ALIASES.values()) <= known
