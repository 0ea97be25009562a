from __future__ import annotations

import re

import pytest

from falco.capture.probe import structures
from falco.capture.probe.btf import Btf
from falco.capture.probe.layout import layout_from_btf, layout_from_headers, missing_in_btf, reads_directly
from falco.capture.probe.object import KERNELS_FUNCTION
from tests.btf import Blob


def btf_of(*rows: tuple[str, tuple[str, ...]], enum: tuple[str, ...] = (), function: str = "bpf_rdonly_cast") -> Btf:
    """Structures of members of four bytes that lie one after the other, from the third type on, and a function."""
    blob = Blob()
    u32 = blob.integer("u32", 4)
    blob.type(function, 12, 0)
    for name, members in rows:
        blob.struct(name, 4 * len(members), [(member, u32, 32 * i) for i, member in enumerate(members)])
    values = b"".join(blob.name(name).to_bytes(4, "little") + bytes(4) for name in enum)
    blob.type("bpf_func_id", 6, 4, entries=len(enum), more=values)
    return Btf(blob.data())


def test_offsets_and_sizes_become_definitions():
    lines = layout_from_btf(btf_of(("task_struct", ("x", "pid")), ("upid", ("nr",)))).splitlines()
    assert "#define OFF_task_struct__pid 4" in lines
    assert "#define SZ_task_struct__pid 4" in lines
    assert "#define SZ_upid 4" in lines


@pytest.mark.parametrize("spelling", ["parent", "__parent"])
def test_a_renamed_member_has_one_name(spelling):
    text = layout_from_btf(btf_of(("kernfs_node", ("name", spelling))))
    assert "#define OFF_kernfs_node__parent 4\n" in text
    assert "____parent" not in text


def test_what_a_kernel_lacks_lies_where_nothing_can_be_read_and_is_told():
    btf = btf_of(("task_struct", ("pid",)), ("fs_struct", ("pwd", "root")))
    lines = layout_from_btf(btf).splitlines()
    assert "#define OFF_task_struct__tgid (1ull << 62)" in lines
    assert "#define SZ_task_struct__tgid 0" in lines
    assert not any("loginuid" in line for line in lines), "it is asked for with #ifdef"
    missing = missing_in_btf(btf)
    assert "task_struct.tgid" in missing
    assert "task_struct.loginuid" not in missing, "it depends on the kernel's configuration"
    assert not {"task_struct.pid", "fs_struct.pwd", "fs_struct.root"} & set(missing)


def test_bit_fields_have_position_and_width():
    blob = Blob()
    u32 = blob.integer("u32", 4)
    blob.struct("signal_struct", 8, [("is_child_subreaper", u32, 33 | 1 << 24)], flag=True)
    lines = layout_from_btf(Btf(blob.data())).splitlines()
    wanted = {"OFF": 4, "SZ": 4, "BIT": 1, "BITS": 1}
    assert {f"#define {kind}_signal_struct__is_child_subreaper {n}" for kind, n in wanted.items()} <= set(lines)


TASK = (
    ("task_struct", ("files", "thread_info")), ("thread_info", ("status",)), ("files_struct", ("fdt",)),
    ("fdtable", ("max_fds", "fd")),
)  # fmt: skip
GIVES_TYPE = ("BPF_FUNC_map_lookup_elem", "BPF_FUNC_get_current_task_btf")


def test_the_task_has_its_type_where_the_kernel_gives_it_and_all_members_are_near():
    assert "#define TYPED_TASK 1\n" in layout_from_btf(btf_of(*TASK, enum=GIVES_TYPE))
    assert "TYPED_TASK" not in layout_from_btf(btf_of(*TASK, enum=GIVES_TYPE[:1]))
    assert "TYPED_TASK" not in layout_from_btf(btf_of(*TASK[:-1], enum=GIVES_TYPE))
    far = ("task_struct", (*(f"m{i}" for i in range(1 << 13)), "files", "thread_info"))
    assert "TYPED_TASK" not in layout_from_btf(btf_of(far, *TASK[1:], enum=GIVES_TYPE))


def read_directly():
    """The structures that are, with the members that are read of them."""
    rows = {}
    for row in structures.STRUCTURES:
        if row.name in structures.DIRECTLY and not row.needs:
            rows[row.name] = tuple(member for member in row.members.split() if "in_execve" not in member)
    return list(rows.items())


def test_any_address_is_taken_for_a_structure_where_the_kernel_has_a_function_for_that_and_all_members_are_near():
    rows = read_directly()
    lines = layout_from_btf(btf_of(*rows)).splitlines()
    assert f"#define TAKE_FOR {KERNELS_FUNCTION + 2}" in lines
    assert reads_directly("\n".join(lines))
    for number, (name, _) in enumerate(rows, 3):
        assert f"#define TYPE_{name} {number}" in lines
    name, members = rows[-1]
    far = (name, (*(f"m{i}" for i in range(1 << 13)), *members))
    for other in (
        btf_of(*rows, function="bpf_cast_to_kern_ctx"), btf_of(*rows[:-1]), btf_of(*rows[:-1], (name, members[1:])),
        btf_of(*rows[:-1], far),
    ):  # fmt: skip
        assert "TAKE_FOR" not in layout_from_btf(other)
        assert not reads_directly(layout_from_btf(other))


def test_without_btf_nothing_has_a_type():
    assert "TYPED_TASK" not in layout_from_headers()
    assert "TAKE_FOR" not in layout_from_headers()


def defined(text: str, kind: str) -> set[str]:
    return set(re.findall(rf"^#define {kind}_(\w+)", text, re.MULTILINE))


def test_headers_define_every_member_by_the_name_it_has_with_btf():
    text = layout_from_headers()
    symbols = {
        f"{row.name}.{member}".replace("[0]", "").replace(".", "__")
        for row in structures.STRUCTURES
        for member in row.members.split()
    }
    assert defined(text, "OFF") == symbols - {name.replace(".", "__") for name in structures.BIT_FIELDS}
    assert defined(text, "SZ") == defined(text, "OFF") | set(structures.SIZES)


def test_headers_that_may_be_missing_are_included_conditionally():
    text = layout_from_headers()
    assert text.count("#if") == text.count("#endif")
    assert "#if __has_include(<linux/io_uring_types.h>)\n#include <linux/io_uring_types.h>\n#endif\n" in text
    assert text.count("#include <linux/sched.h>\n") == 1
    assert "\n#include <linux/sched.h>\n#include <linux/sched/signal.h>\n" in text


def test_spellings_are_told_by_version_without_btf():
    text = layout_from_headers()
    at = text.index("#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)\n#define OFF_kernfs_node__parent")
    newer, older = text[at:].split("#else\n")[:2]
    assert "__builtin_offsetof(struct kernfs_node, __parent)" in newer
    assert older.startswith("#define OFF_kernfs_node__parent __builtin_offsetof(struct kernfs_node, parent)\n")
