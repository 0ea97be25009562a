/* Values of parameters that are more than an argument: flags in the event table's numbering (the maps are generated
 * from native.py), buffers, vectors, messages, socket addresses and tuples.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define A0 (c->arg[0])
#define A1 (c->arg[1])
#define A2 (c->arg[2])
#define A3 (c->arg[3])
#define A4 (c->arg[4])
#define A5 (c->arg[5])
#define RET (c->ret)
#define MOST_SEGMENTS 8 /* of a vector whose bytes are counted and taken */
#define FAMILY_UNIX 1
#define FAMILY_INET 2
#define FAMILY_INET6 10
#define EINPROGRESS 115
#define ACCESS 3ull /* O_ACCMODE */

#define OPENED_PATH \
  do { \
    if (c->file) PATH_AT(c->file + OFF_file__f_path); \
    else P_EMPTY; \
  } while (0)
#define CWD_OR(name) \
  do { \
    if (RET == 0) PATH_AT(KERNEL(u64, c->task, OFF_task_struct__fs) + OFF_fs_struct__pwd); \
    else TEXT(name); \
  } while (0)
/* The alternatives of a value whose type the event chooses: an index, then the value. */
#define CHOSEN(index, value) \
  do { \
    u64 at_ = here(c); \
    STORE(u8, r, at_, index); \
    STORE(u64, r, at_ + 1, value); \
    took(r, c, 9); \
  } while (0)
#define POINTER(value) CHOSEN(0, value)
#define RESULT_OR_FD CHOSEN(RET >= 0 && makes_fd(A0), RET)
INLINE int makes_fd(u64 command) {
  /* BPF_MAP_CREATE, PROG_LOAD, OBJ_GET, *_GET_FD_BY_ID, RAW_TRACEPOINT_OPEN, BTF_LOAD, LINK_CREATE, ITER_CREATE ... */
  return command == 0 || command == 5 || command == 7 || command == 13 || command == 14 || command == 17 ||
         command == 18 || command == 19 || command == 28 || command == 30 || command == 33 || command == 36;
}
INLINE u32 opened_device(struct call *c) { return device_of(inode_of(c->file)); }
INLINE u64 opened_inode(struct call *c) { return number_of(inode_of(c->file)); }
/* A u64 of openat2's struct open_how. */
#define how(address, offset) USER(u64, (address) + (offset))
/* What openat2's caller asks for lies in its memory, where another thread may change it meanwhile. Of a file that was
 * opened the kernel knows for what; which flags made it is known of the caller alone. */
INLINE u64 how_flags(struct call *c, u64 address) {
  u64 asked = how(address, 0);
  return c->file ? (asked & ~ACCESS) | (IN(file, u32, c->file, OFF_file__f_flags) & ACCESS) : asked;
}
INLINE u32 open_mode(u64 flags, u64 mode) { return flags & (0100 | 020000000) ? mode & 07777 : 0; }
INLINE u32 mode_bits(u64 mode) { return mode & 07777; }
/* mount(2) ignores the upper half when it holds the magic number of old. */
INLINE u32 mount_flags(u64 flags) { return (flags & 0xffff0000) == 0xc0ed0000 ? flags & 0xffff : flags; }
INLINE u64 capability(struct call *c, u64 offset) { return KERNEL(u64, KERNEL(u64, c->task, OFF_task_struct__cred), offset); }

/* Which end this is. */
INLINE void role_is(struct call *c, u8 role, int holds) {
  if (holds && c->file) set_role(c->file, role);
}
INLINE void bound(struct call *c) {
  u16 family = USER(u16, A1), port = USER(u16, A1 + 2);
  role_is(c, ROLE_SERVER, RET == 0 && (port || (family != FAMILY_INET && family != FAMILY_INET6)));
}

/* Sending may connect a TCP socket. It fails on one that is connected already. */
#define MSG_FASTOPEN 0x20000000
INLINE u32 fast_open(struct call *c, u32 flags) {
  if (!(flags & MSG_FASTOPEN) || (RET < 0 && RET != -EINPROGRESS)) return 0;
  u64 sk = socket_of(c->file);
  u16 family = sk ? IN(sock_common, u16, sk, OFF_sock_common__skc_family) : 0;
  if ((family != FAMILY_INET && family != FAMILY_INET6) || IN(sock, u16, sk, OFF_sock__sk_type) != 1) return 0;
  role_is(c, ROLE_CLIENT, 1);
  return MARK_FAST_OPEN;
}

/* Bytes that the call moved, as many as are asked for. */
#define DATA(address) bytes_of(r, c, address, RET > 0 ? min_(RET, c->snaplen) : 0, LONGEST)
INLINE u64 min_(u64 a, u64 b) { return a < b ? a : b; }

/* A struct iovec: its two words are those of the program, 4 bytes each with the 32-bit entry. */
struct segment {
  u64 base, size;
};
INLINE struct segment segment_of(struct call *c, u64 vector, u32 i) {
  struct segment s = {};
  if (c->marks & MARK_COMPAT) {
    s.base = USER(u32, vector + 8 * (u64)i);
    s.size = USER(u32, vector + 8 * (u64)i + 4);
  } else {
    s.base = USER(u64, vector + 16 * (u64)i);
    s.size = USER(u64, vector + 16 * (u64)i + 8);
  }
  return s;
}
INLINE u32 vector_size(struct call *c, u64 vector, u64 n) {
  u64 sum = 0;
#pragma clang loop unroll(disable)
  for (u32 i = 0; i < MOST_SEGMENTS; i++) {
    if (i >= n) break;
    sum += segment_of(c, vector, i).size;
  }
  return sum;
}
INLINE void vector_of(struct record *r, struct call *c, u64 vector, u64 n) {
  u64 left = RET > 0 ? min_(RET, c->snaplen) : 0, begin = here(c);
  if (left > LONGEST) left = LONGEST;
  u64 done = 0;
#pragma clang loop unroll(disable)
  for (u32 i = 0; i < MOST_SEGMENTS; i++) {
    if (i >= n || done >= left) break;
    struct segment s = segment_of(c, vector, i);
    u64 size = min_(s.size, left - done), at = bounded(begin + done);
    asm volatile("" : "+r"(size));
    if (size > LONGEST) break;
    if (size && read_user(r->data + at, size, (void *)s.base)) break;
    done += size;
  }
  took(r, c, done);
}
#define VECTOR(vector, n) vector_of(r, c, vector, n)

/* A struct msghdr: name, its size, vector, number of segments. */
INLINE u64 message_word(struct call *c, u64 message, u32 near, u32 far) {
  return c->marks & MARK_COMPAT ? USER(u32, message + near) : USER(u64, message + far);
}
INLINE u64 message_name(struct call *c, u64 message) { return message_word(c, message, 0, 0); }
INLINE u32 message_name_size(struct call *c, u64 message) { return message_word(c, message, 4, 8); }
INLINE u64 message_vector(struct call *c, u64 message) { return message_word(c, message, 8, 16); }
INLINE u64 message_segments(struct call *c, u64 message) { return message_word(c, message, 12, 24); }
INLINE u32 message_size(struct call *c, u64 message) {
  return vector_size(c, message_vector(c, message), message_segments(c, message));
}
#define MESSAGE(message) vector_of(r, c, message_vector(c, message), message_segments(c, message))

/* A struct sockaddr of the caller as a parameter: family; address and port; or a path. */
INLINE u32 address_at(struct record *r, u64 at, u64 address, u64 size) {
  u16 family = USER(u16, address);
  if (!address || size < 2) return 0;
  STORE(u8, r, at, family);
  if (family == FAMILY_INET && size >= 8) {
    STORE(u32, r, at + 1, USER(u32, address + 4));
    STORE(u16, r, at + 5, bpf_ntohs(USER(u16, address + 2)));
    return 7;
  }
  if (family == FAMILY_INET6 && size >= 24) {
    read_user(r->data + at + 1, 16, (void *)(address + 8));
    STORE(u16, r, at + 17, bpf_ntohs(USER(u16, address + 2)));
    return 19;
  }
  if (family == FAMILY_UNIX && size > 2) {
    /* An abstract name begins with a NUL, and is told without it. */
    u64 name = address + 2 + (USER(u8, address + 2) == 0);
    long n = read_user_str(r->data + at + 1, 109, (void *)name);
    return n > 0 ? 1 + (u32)n : 1;
  }
  return 1;
}
#define ADDRESS(address, size) \
  do { \
    u64 at_ = here(c); \
    u32 n_ = address_at(r, at_, address, size); \
    took(r, c, n_); \
  } while (0)

/* Put what the call names as the other end into a tuple that has none, as a socket without connection has. */
INLINE u32 other_end(struct record *r, u64 at, u64 sk, u64 address, int own, u32 size) {
  u16 family = USER(u16, address), is = IN(sock_common, u16, sk, OFF_sock_common__skc_family);
  if (!address || family != is || has_peer(sk)) return size;
  if (family == FAMILY_INET) {
    STORE(u32, r, at + (own ? 7 : 1), USER(u32, address + 4));
    STORE(u16, r, at + (own ? 11 : 5), bpf_ntohs(USER(u16, address + 2)));
  } else if (family == FAMILY_INET6) {
    read_user(r->data + at + (own ? 19 : 1), 16, (void *)(address + 8));
    STORE(u16, r, at + (own ? 35 : 17), bpf_ntohs(USER(u16, address + 2)));
  } else if (family == FAMILY_UNIX && own) {
    long n = read_user_str(r->data + at + 17, 108, (void *)(address + 2 + (USER(u8, address + 2) == 0)));
    if (n > 1) return 17 + (u32)n;
  }
  return size;
}
#define ENDS_WITH(file, address, own) \
  do { \
    u64 sk_ = socket_of(file), at_ = here(c), address_ = address; \
    u32 n_ = sk_ ? ends(r, at_, sk_, own) : 0; \
    if (n_) n_ = other_end(r, at_, sk_, address_, own, n_); \
    took(r, c, n_); \
  } while (0)
/* The tuple of a datagram sent to, or received from, an address. */
#define TO(file, address, size) ENDS_WITH(file, address, 1)
#define FROM(file, address, size) ENDS_WITH(file, RET >= 0 ? (address) : 0, 0)

/* The queue of connections that wait at a listening socket: how full, now, at most. */
INLINE u32 queue_now(struct call *c, u64 fd) {
  u64 sk = socket_of(file_of(c, (s32)fd));
  return sk ? IN(sock, u32, sk, OFF_sock__sk_ack_backlog) : 0;
}
INLINE u32 queue_most(struct call *c, u64 fd) {
  u64 sk = socket_of(file_of(c, (s32)fd));
  return sk ? IN(sock, u32, sk, OFF_sock__sk_max_ack_backlog) : 0;
}
INLINE u8 queue_percent(struct call *c, u64 fd) {
  u32 now = queue_now(c, fd), most = queue_most(c, fd);
  return most ? (u64)now * 100 / most : 0;
}

/* The caller's memory in KB: all of it, what is in RAM, what is swapped out. */
#define PAGES_FILE 0
#define PAGES_ANON 1
#define PAGES_SWAP 2
#define PAGES_SHARED 3
INLINE u32 size_kb(struct call *c) {
  u64 mm = KERNEL(u64, c->task, OFF_task_struct__mm);
  return mm ? positive_kb(KERNEL(u64, mm, OFF_mm_struct__total_vm)) : 0;
}
INLINE u32 rss_kb(struct call *c) {
  u64 mm = KERNEL(u64, c->task, OFF_task_struct__mm);
  return mm ? positive_kb(rss_pages(mm, PAGES_FILE) + rss_pages(mm, PAGES_ANON) + rss_pages(mm, PAGES_SHARED)) : 0;
}
INLINE u32 swap_kb(struct call *c) {
  u64 mm = KERNEL(u64, c->task, OFF_task_struct__mm);
  return mm ? positive_kb(rss_pages(mm, PAGES_SWAP)) : 0;
}
