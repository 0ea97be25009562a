"""Covered calls on sockets (the columns are those of Call)."""

from __future__ import annotations

from falco.capture.probe.call import NO_ENTER, RES, Call

# fmt: off
_OPTION = (RES, "FD(A0)", "U8(A1 == 1 ? 1 : A1 == 6 ? 2 : 0)", "U8(A1 == 1 ? A2 : 0)", "P_EMPTY")
_QUEUE = ("U8(queue_percent(c, A0))", "U32(queue_now(c, A0))", "U32(queue_most(c, A0))")

NETWORK = (
    Call("socket", 41, (359,), "SOCKET_SOCKET", ("U32(A0)", "U32(A1)", "U32(A2)"),
         ("FD(RET)", "U32(A0)", "U32(A1)", "U32(A2)", "U32(0)"), "RET"),
    Call("socketpair", 53, (360,), "SOCKET_SOCKETPAIR", ("U32(A0)", "U32(A1)", "U32(A2)"),
         (RES, "FD(USER(s32, A3))", "FD(USER(s32, A3 + 4))",
          "U64(socket_of(file_of(c, USER(s32, A3))))", "U64(socket_of(file_of(c, USER(s32, A3 + 4))))",
          "U32(A0)", "U32(A1)", "U32(A2)")),
    Call("bind", 49, (361,), "SOCKET_BIND", ("FD(A0)",), (RES, "ADDRESS(A1, A2)", "FD(A0)"), "A0", (), "bound(c)"),
    Call("listen", 50, (363,), "SOCKET_LISTEN", ("FD(A0)", "U32(A1)"), (RES, "FD(A0)", "S32(A1)"), "A0", (),
         "role_is(c, ROLE_SERVER, RET == 0)"),
    Call("connect", 42, (362,), "SOCKET_CONNECT", ("FD(A0)", "ADDRESS(A1, A2)"),
         (RES, "TO(c->file, A1, A2)", "FD(A0)", "ADDRESS(A1, A2)"), "A0", (),
         "role_is(c, ROLE_CLIENT, RET == 0 || RET == -EINPROGRESS)"),
    Call("accept", 43, (), "SOCKET_ACCEPT4_5", ("S32(0)",),
         ("FD(RET)", "TUPLE(c->file, 0)", *_QUEUE),
         "RET", (), "role_is(c, ROLE_SERVER, RET >= 0)"),
    Call("accept4", 288, (364,), "SOCKET_ACCEPT4_5", ("S32(A3)",),
         ("FD(RET)", "TUPLE(c->file, 0)", *_QUEUE),
         "RET", (), "role_is(c, ROLE_SERVER, RET >= 0)"),
    Call("sendto", 44, (369,), "SOCKET_SENDTO", ("FD(A0)", "U32(A2)", "TO(c->file, A4, A5)"),
         (RES, "DATA(A1)", "FD(A0)", "U32(A2)", "TO(c->file, A4, A5)"), "A0",
         mark="fast_open(c, A3)"),
    Call("sendmsg", 46, (370,), "SOCKET_SENDMSG",
         ("FD(A0)", "U32(message_size(c, A1))", "TO(c->file, message_name(c, A1), message_name_size(c, A1))"),
         (RES, "MESSAGE(A1)", "FD(A0)", "U32(message_size(c, A1))",
          "TO(c->file, message_name(c, A1), message_name_size(c, A1))"), "A0", mark="fast_open(c, A2)"),
    Call("sendmmsg", 307, (345,), "SOCKET_SENDMMSG", NO_ENTER,
         (RES, "FD(A0)", "U32(message_size(c, A1))", "MESSAGE(A1)",
          "TO(c->file, message_name(c, A1), message_name_size(c, A1))"), "A0", mark="fast_open(c, A3)"),
    Call("recvfrom", 45, (371,), "SOCKET_RECVFROM", ("FD(A0)", "U32(A2)"),
         (RES, "DATA(A1)", "FROM(c->file, A4, A4 && A5 ? USER(u32, A5) : 0)", "FD(A0)", "U32(A2)"), "A0"),
    Call("recvmsg", 47, (372,), "SOCKET_RECVMSG", ("FD(A0)",),
         (RES, "U32(RET)", "MESSAGE(A1)", "FROM(c->file, message_name(c, A1), message_name_size(c, A1))", "P_EMPTY",
          "FD(A0)"), "A0"),
    Call("recvmmsg", 299, (337, 417), "SOCKET_RECVMMSG", NO_ENTER,
         (RES, "FD(A0)", "U32(message_size(c, A1))", "MESSAGE(A1)",
          "FROM(c->file, message_name(c, A1), message_name_size(c, A1))", "P_EMPTY"), "A0"),
    Call("shutdown", 48, (373,), "SOCKET_SHUTDOWN", ("FD(A0)", "U8(A1)"), (RES, "FD(A0)", "U8(A1)"), "A0"),
    Call("getsockname", 51, (367,), "SOCKET_GETSOCKNAME"),
    Call("getpeername", 52, (368,), "SOCKET_GETPEERNAME"),
    Call("setsockopt", 54, (366,), "SOCKET_SETSOCKOPT", NO_ENTER, (*_OPTION, "U32(A4)"), "A0"),
    Call("getsockopt", 55, (365,), "SOCKET_GETSOCKOPT", NO_ENTER, (*_OPTION, "U32(USER(u32, A4))"), "A0"),
)
# fmt: on

SOCKETCALLS = (
    "", "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "sendto",
    "recvfrom", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
    "recvmsg", "accept4", "recvmmsg", "sendmmsg",
)  # fmt: skip
"""The calls that i386's socketcall stands for, by its first argument; send and recv are a sendto and a recvfrom."""
