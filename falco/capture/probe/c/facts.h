/* Facts: trailing parameters, after those of the event table. falco/events/facts.py describes and decodes them.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define FACT_FD 'F'
#define FACT_BASE 'B'
#define FACT_NAME 'N'
#define FACT_MARKS 'M'
#define FACT_ATTRIBUTE 'X'
#define FACT_COMM 'C'

#define TYPE_UNKNOWN 0
#define TYPE_FILE 16 /* FILE_V2 */
#define TYPE_DIRECTORY 2
#define TYPE_IPV4 3
#define TYPE_IPV6 4
#define TYPE_IPV4_SERVER 5
#define TYPE_IPV6_SERVER 6
#define TYPE_FIFO 7
#define TYPE_UNIX 8
#define TYPE_UNSUPPORTED 10
#define TYPE_NETLINK 15
#define L4_TCP 2
#define L4_UDP 3
#define L4_ICMP 4
#define L4_RAW 5
#define ROLE_CLIENT 1
#define ROLE_SERVER 2
#define FD_CONNECTED 1
#define S_FORMAT 0170000
#define STATE_LISTEN 10

/* Which end of its connection a socket's owner is, by the number of its inode. */
BPF_TABLE("lru_hash", u64, u8, roles, 65536);

INLINE u64 socket_of(u64 file) {
  u64 inode = inode_of(file);
  if (!inode || (IN(inode, u16, inode, OFF_inode__i_mode) & S_FORMAT) != 0140000) return 0;
  u64 socket = IN(file, u64, file, OFF_file__private_data);
  return socket ? IN(socket, u64, socket, OFF_socket__sk) : 0;
}
INLINE u32 role_of(u64 file) {
  u64 number = number_of(inode_of(file));
  u8 *role = roles.lookup(&number);
  return role ? *role : 0;
}
INLINE void set_role(u64 file, u8 role) {
  u64 number = number_of(inode_of(file));
  if (number) roles.update(&number, &role);
}

/* Both ends of a socket at `at`, the source first; own says that the source is this end. The bytes written. */
INLINE u32 ends(struct record *r, u64 at, u64 sk, int own) {
  u16 family = IN(sock_common, u16, sk, OFF_sock_common__skc_family);
  u16 near = IN(sock_common, u16, sk, OFF_sock_common__skc_num);
  u16 far = bpf_ntohs(IN(sock_common, u16, sk, OFF_sock_common__skc_dport));
  /* A connection that is over gives its port back, and still says here which it was. */
  if (!near && (family == 2 || family == 10)) near = bpf_ntohs(IN(inet_sock, u16, sk, OFF_inet_sock__inet_sport));
  STORE(u8, r, at, family);
  if (family == 2) {
    u32 here_ = IN(sock_common, u32, sk, OFF_sock_common__skc_rcv_saddr), there = IN(sock_common, u32, sk, OFF_sock_common__skc_daddr);
    if (!here_) here_ = IN(inet_sock, u32, sk, OFF_inet_sock__inet_saddr);
    STORE(u32, r, at + 1, own ? here_ : there);
    STORE(u16, r, at + 5, own ? near : far);
    STORE(u32, r, at + 7, own ? there : here_);
    STORE(u16, r, at + 11, own ? far : near);
    return 13;
  }
  if (family == 10) {
    u64 here_ = sk + OFF_sock_common__skc_v6_rcv_saddr, there = sk + OFF_sock_common__skc_v6_daddr;
    read_kernel(r->data + at + 1, 16, (void *)(own ? here_ : there));
    STORE(u16, r, at + 17, own ? near : far);
    read_kernel(r->data + at + 19, 16, (void *)(own ? there : here_));
    STORE(u16, r, at + 35, own ? far : near);
    return 37;
  }
  if (family == 1) {
    u64 peer = IN(unix_sock, u64, sk, OFF_unix_sock__peer);
    STORE(u64, r, at + 1, own ? sk : peer);
    STORE(u64, r, at + 9, own ? peer : sk);
    /* The path is that of the end which has one: the server's. */
    u64 address = peer ? IN(unix_sock, u64, peer, OFF_unix_sock__addr) : 0;
    if (!address) address = IN(unix_sock, u64, sk, OFF_unix_sock__addr);
    STORE(u8, r, at + 17, 0);
    if (!address) return 18;
    long n = read_kernel_str(r->data + at + 17, 108, (void *)(address + OFF_unix_address__name + 2));
    return n > 0 ? 17 + (u32)n : 18;
  }
  return 1;
}
INLINE int has_peer(u64 sk) {
  u16 family = IN(sock_common, u16, sk, OFF_sock_common__skc_family);
  if (family == 1) return IN(unix_sock, u64, sk, OFF_unix_sock__peer) != 0;
  return IN(sock_common, u16, sk, OFF_sock_common__skc_dport) != 0;
}
/* The tuple parameter: of the socket's ends, the source being the own one or the other. */
#define TUPLE(file, own) \
  do { \
    u64 sk_ = socket_of(file); \
    u64 at_ = here(c); \
    u32 n_ = sk_ ? ends(r, at_, sk_, own) : 0; \
    took(r, c, n_); \
  } while (0)

INLINE u8 transport(u64 sk) {
  u16 type = IN(sock, u16, sk, OFF_sock__sk_type), protocol = IN(sock, u16, sk, OFF_sock__sk_protocol);
  if (type == 3) return L4_RAW;
  if (protocol == 6) return L4_TCP;
  if (protocol == 17) return L4_UDP;
  if (protocol == 1 || protocol == 58) return L4_ICMP;
  return 0;
}
/* Type byte of a file that is no socket; what has no format bits is told by its name. */
INLINE u8 type_of(u16 mode) {
  switch (mode & S_FORMAT) {
    case 0100000: case 0020000: case 0060000: return TYPE_FILE;
    case 0040000: return TYPE_DIRECTORY;
    case 0010000: return TYPE_FIFO;
    default: return TYPE_UNKNOWN;
  }
}
/* Whether a file stands for a namespace or a process. */
INLINE int is_of_kernel(u64 inode) {
  u32 magic = IN(super_block, u32, IN(inode, u64, inode, OFF_inode__i_sb), OFF_super_block__s_magic);
  return magic == 0x6e736673 || magic == 0x50494446; /* NSFS_MAGIC, PID_FS_MAGIC */
}
#define FD_HEAD 29
INLINE u32 socket_facts(struct record *r, struct call *c, u64 at, u64 sk) {
  u16 family = IN(sock_common, u16, sk, OFF_sock_common__skc_family);
  u32 role = role_of(c->file);
  int connected = has_peer(sk), bound = !connected && IN(sock_common, u16, sk, OFF_sock_common__skc_num) && role == ROLE_SERVER;
  u8 type = family == 2 ? (bound ? TYPE_IPV4_SERVER : TYPE_IPV4) : family == 10 ? (bound ? TYPE_IPV6_SERVER : TYPE_IPV6)
          : family == 1 ? TYPE_UNIX : family == 16 ? TYPE_NETLINK : TYPE_UNSUPPORTED;
  STORE(u8, r, at + 9, type);
  STORE(u8, r, at + 10, role);
  STORE(u8, r, at + 11, family == 2 || family == 10 ? transport(sk) : 0);
  STORE(u8, r, at + 12, connected ? FD_CONNECTED : 0);
  return ends(r, at + FD_HEAD, sk, role != ROLE_SERVER);
}
/* The fact about c->fd, which is open as c->file. */
INLINE void fd_fact(struct record *r, struct call *c, struct walk *w) {
  u64 file = c->file, inode = inode_of(file);
  if (!inode) {
    P_EMPTY;
    return;
  }
  u64 at = here(c);
  u32 size = 0;
  u64 sk = socket_of(file);
  STORE(u8, r, at, FACT_FD);
  STORE(s64, r, at + 1, c->fd);
  STORE(u32, r, at + 13, device_of(inode));
  STORE(u64, r, at + 17, number_of(inode));
  STORE(u32, r, at + 25, IN(file, u32, file, OFF_file__f_flags));
  if (sk) {
    size = socket_facts(r, c, at, sk);
  } else {
    u8 type = type_of(IN(inode, u16, inode, OFF_inode__i_mode));
    walk_path(c, w, IN(file, u64, file, OFF_file__f_path + OFF_path__dentry), IN(file, u64, file, OFF_file__f_path + OFF_path__mnt));
    int nameless = type == TYPE_FILE && c->nameless, unnamed = nameless && c->walked == PATH_END - 1;
    if (unnamed && is_of_kernel(inode)) {
      P_EMPTY;
      return;
    }
    /* A memfd is a regular file. To be told from one in the root that is called like it, it is of no type. */
    STORE(u8, r, at + 9, nameless && !unnamed ? TYPE_UNKNOWN : type);
    STORE(u8, r, at + 10, 0);
    STORE(u8, r, at + 11, 0);
    STORE(u8, r, at + 12, 0);
    size = copy_walked(r, c, w, at + FD_HEAD);
  }
  took(r, c, FD_HEAD + size);
}
/* Where a path parameter is resolved from. */
INLINE void base_fact(struct record *r, struct call *c, struct walk *w, u8 which, s32 dirfd, u64 name) {
  u64 at = here(c);
  u32 size;
  u64 path = start_of(c, c->task, dirfd, USER(u8, name) == '/');
  if (!path) {
    P_EMPTY;
    return;
  }
  STORE(u8, r, at, FACT_BASE);
  STORE(u8, r, at + 1, which);
  walk_path(c, w, IN(path, u64, path, OFF_path__dentry), IN(path, u64, path, OFF_path__mnt));
  size = copy_walked(r, c, w, at + 2);
  took(r, c, size + 2);
}
/* A path as it was passed, of an event that has no parameter for it. */
INLINE void name_fact(struct record *r, struct call *c, u8 which, u64 name) {
  u64 at = here(c);
  long n = read_user_str(r->data + at + 2, LONGEST, (void *)name);
  STORE(u8, r, at, FACT_NAME);
  STORE(u8, r, at + 1, which);
  took(r, c, n > 0 ? n + 2 : 0);
}
/* An extended attribute that was set: how long its value is, what that begins with, and its name. */
#define VALUE_SIZE 24
#define VALUE_HEAD (5 + VALUE_SIZE)
INLINE void attribute(struct record *r, struct call *c, u64 name, u64 value, u64 size) {
  u64 at = here(c);
  STORE(u8, r, at, FACT_ATTRIBUTE);
  STORE(u32, r, at + 1, size);
  STORE(u64, r, at + 5, 0);
  STORE(u64, r, at + 13, 0);
  STORE(u64, r, at + 21, 0);
  if (size > VALUE_SIZE) size = VALUE_SIZE;
  asm volatile("" : "+r"(size));
  if (size > VALUE_SIZE) size = VALUE_SIZE;
  if (size) read_user(r->data + at + 5, size, (void *)value);
  long n = read_user_str(r->data + at + VALUE_HEAD, 256, (void *)name);
  took(r, c, !c->ret && n > 0 ? VALUE_HEAD + n : 0);
}
