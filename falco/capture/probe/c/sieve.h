/* What no rule can match goes no further: a weaker condition of all rules, tested on the call and the kernel's path.
 *
 * The conditions are generated (sieve.py). The texts that they look for in paths are rows of a table, which is written
 * in the half that is not in use; a setting says where the one in force begins.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define MOST_CLASSES 128
#define ROWS 16384      /* both halves */
#define NUMBERS 8192    /* a power of two */
#define PATH_UNKNOWN (~0ull)
#define NAMED_WHOLE 1
#define NAMED_LAST 2 /* it leads through other directories than where it starts: only its last part is looked at */

struct row {
  u16 next[MOST_CLASSES];
  u64 met;
};
struct classes {
  u8 of[256];
};
struct file_id {
  u64 device, inode;
};
BPF_ARRAY(rows, struct row, ROWS);
BPF_ARRAY(classes, struct classes, 2);
BPF_TABLE("hash", struct file_id, u8, known_files, 16384); /* two numbers for each of MAX_FILES, old and new ones */
BPF_ARRAY(known_numbers, u8, NUMBERS); /* whether the number of one of them ends so */
BPF_PERCPU_ARRAY(sifted_calls, u64, SLOTS);

/* What only a call that is sent needs: when it was, and whose it is. */
INLINE void stamp(struct call *c) {
  c->task = bpf_get_current_task();
  c->ts = bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK);
  if (!c->enter_ts) c->enter_ts = c->ts;
  if (!c->tid) c->tid = bpf_get_current_pid_tgid();
  c->snaplen = setting(SETTING_SNAPLEN);
}
/* On to the programs that send the call. */
INLINE int send_call(struct bpf_raw_tracepoint_args *ctx, struct call *c) {
  stamp(c);
  if (c->flags & FLAG_ENTER) {
    c->then = 1;
    enters.call(ctx, c->slot);
  } else {
    exits.call(ctx, c->slot);
  }
  count(COUNT_NO_STEP);
  return 0;
}
/* The same, if a rule may want it. Without its sieve a call passes. */
INLINE int sift_call(struct bpf_raw_tracepoint_args *ctx, struct call *c) {
  if (c->flags & FLAG_SIEVE) sieves.call(ctx, c->slot);
  return send_call(ctx, c);
}
/* No rule can match: nothing is sent, or for a proof it is sent with a mark. */
INLINE int sifted(struct bpf_raw_tracepoint_args *ctx, struct call *c) {
  u32 slot = c->slot;
  u64 *n = sifted_calls.lookup(&slot);
  if (n) *n += 1;
  if (!setting(SETTING_SHADOW)) {
    if (c->flags & FLAG_MOVES && c->ret >= 0) count(COUNT_MOVED);
    return 0;
  }
  c->marks |= MARK_SIFTED;
  return send_call(ctx, c);
}
/* Whether a file is one that rules know, by whatever name. Of nearly all others its number says that it is not. */
INLINE int is_known(u64 inode, u64 number) {
  u32 end = number & (NUMBERS - 1);
  u8 *known = known_numbers.lookup(&end);
  if (!known || !*known) return 0;
  struct file_id id = {device_of(inode), number};
  return known_files.lookup(&id) != 0;
}
/* Nothing is known of a path of the call: all tests hold, and all negated ones. */
INLINE void know_no_path(struct call *c) {
  c->met = c->met_last = c->unmet = c->levels = PATH_UNKNOWN;
  c->names = c->paths = c->named = c->verbatim = 0;
}
INLINE int look(struct bpf_raw_tracepoint_args *ctx, struct call *c, int which) {
  c->looked = 1;
  step(ctx, which);
  return send_call(ctx, c);
}
/* Add what was found in a path to what was in those before. */
INLINE void know_path(struct call *c, struct parts *p, u64 found) {
  if (!c->paths) c->met = c->met_last = c->unmet = c->levels = c->partly = 0;
  c->paths += 1;
  if (c->named == NAMED_LAST) {
    c->partly = 1;
    c->met_last |= found;
    c->unmet = c->levels = PATH_UNKNOWN;
    return;
  }
  c->met |= found;
  c->unmet |= ~found;
  /* A name that counts as it stands was taken as one part. */
  u32 slashes = (p->count ? p->count : 1) + (c->verbatim ? c->scan.inner : 0);
  if (slashes < MOST_PARTS) c->levels |= 1ull << slashes;
  else c->levels = PATH_UNKNOWN;
}
/* Which tests are met by the path of these parts, as bits; 0 if that cannot be told. */
INLINE int seek(struct call *c, struct parts *p) {
  u32 first = setting(SETTING_ROWS), half = first != 0, state = first + 1;
  struct classes *k = classes.lookup(&half);
  struct row *row = rows.lookup(&state);
  if (!k || !row) return 0;
  u64 found = row->met;
  rewind(p);
#pragma clang loop unroll(disable)
  for (u64 i = 0; i < MOST_SIFTED; i++) {
    u8 byte = next_byte(p);
    state = row->next[k->of[byte] & (MOST_CLASSES - 1)];
    row = rows.lookup(&state);
    if (!row) return 0;
    found |= row->met;
    if (byte) continue;
    know_path(c, p, found);
    return 1;
  }
  return 0;
}
/* Take the parts of the path of c->file; 0 if it has none that tells which file it is: it is a pipe or a memfd, or one
 * that rules know by another name. */
INLINE int take_file_path(struct call *c, struct parts *p) {
  u64 file = c->file, window[NEAR / 8];
  if (!file) return 0;
  TAKE(file, window, file);
  u64 inode = TAKEN(file, u64, window, file, OFF_file__f_inode);
  u64 dentry = TAKEN(file, u64, window, file, OFF_file__f_path + OFF_path__dentry);
  u64 mount = TAKEN(file, u64, window, file, OFF_file__f_path + OFF_path__mnt);
  TAKE(inode, window, inode);
  u8 type = type_of(TAKEN(inode, u16, window, inode, OFF_inode__i_mode));
  if (type != TYPE_FILE && type != TYPE_DIRECTORY) return 0;
  if (is_known(inode, TAKEN(inode, u64, window, inode, OFF_inode__i_ino))) return 0;
  p->count = p->total = 0;
  return take_parts(p, dentry, mount);
}
/* The path of c->file or, where a name was read, of that, below the directory that it starts in; 0 if it is not known. */
INLINE int look_at_path(struct call *c, struct parts *p) {
  u64 path = c->starts_at;
  if (!c->named) {
    if (!take_file_path(c, p)) return 0;
  } else if (c->named == NAMED_WHOLE &&
             !take_parts(p, IN(path, u64, path, OFF_path__dentry), IN(path, u64, path, OFF_path__mnt))) {
    return 0;
  }
  return seek(c, p);
}
/* Goes on to the second path that the call was given, or back to its sieve, which now knows. */
#if IN_PART(4)
int step_look(struct bpf_raw_tracepoint_args *ctx) {
  struct call *c = this_call();
  struct parts *p = these_parts();
  if (!c || !p) return 0;
  if (!look_at_path(c, p)) {
    know_no_path(c);
  } else if (c->paths < c->names) {
    c->base[0] = c->base[1];
    steps.call(ctx, STEP_LOOK_AT_NAME);
    know_no_path(c);
  }
  sieves.call(ctx, c->slot);
  return send_call(ctx, c);
}
#endif
/* Whether the part that ends here is none, or one of those that every directory has. */
INLINE int is_odd(volatile struct scan *s) { return !s->size || (s->size == s->dots && s->size <= 2); }
/* Read the name that the call was given as base[0], and what there is to say of it (c->scan); its bytes and its NUL, 0 if
 * nothing can be looked at.
 */
INLINE u32 scan_name(struct call *c, struct walk *w) {
  u64 name = c->base[0].name;
  if (!name) return 0; /* none was given, though something may be mapped there */
  volatile struct scan *s = &c->scan; /* what the loop counts lies in map memory, as in next_byte() */
  long n = read_user_str(w->data + LONGEST, MOST_SIFTED, (void *)name);
  if (n <= 1 || n >= MOST_SIFTED) return 0;
  s->start = s->last = s->size = s->dots = s->inner = s->odd = 0;
#pragma clang loop unroll(disable)
  for (u64 i = 0; i < MOST_SIFTED; i++) {
    u8 byte = w->data[LONGEST + i];
    if (!byte) break;
    if (byte == '/') {
      if (s->start == i) {
        s->start = i + 1;
      } else {
        s->inner += 1;
        if (is_odd(s)) s->odd = 1;
      }
      s->last = i + 1;
      s->size = s->dots = 0;
    } else {
      s->size += 1;
      if (byte == '.') s->dots += 1;
    }
  }
  return is_odd(s) || (c->verbatim && s->odd) ? 0 : (u32)n;
}
/* The path that the call was given as base[0], without following anything: of one that leads through other directories
 * than where it starts only the last part is looked at, since each of those may be a link. Verbatim all of it is.
 * NAMED_*, 0 if nothing can be looked at.
 */
INLINE int look_at_name(struct call *c, struct walk *w, struct parts *p) {
  u32 n = scan_name(c, w);
  if (!n) return 0;
  volatile struct scan *s = &c->scan;
  u64 from = (c->verbatim ? s->start : s->last) & (MOST_SIFTED - 1);
  read_kernel(p->part[0].data + TEXT_AT, MOST_SIFTED, w->data + LONGEST + from);
  p->count = p->total = 0;
  add_part(p, n - 1 - from);
  c->starts_at = start_of(c, bpf_get_current_task(), c->base[0].dirfd, s->start != 0);
  if (!c->starts_at) return 0;
  return s->inner && !c->verbatim ? NAMED_LAST : NAMED_WHOLE;
}
#if IN_PART(5)
int step_look_at_name(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  struct parts *p = these_parts();
  if (!p) return 0;
  c->named = look_at_name(c, w, p);
  if (c->named) steps.call(ctx, STEP_LOOK);
  know_no_path(c);
  sieves.call(ctx, c->slot);
  return send_call(ctx, c);
}
#endif

/* What is known of the call's fd. kind is one of falco/filter/superset.py, 0 if it is none of them. Ports, addresses
 * (of IPv4, as numbers) and transport are known where it is known who serves; else the flags beside them are 0. steady
 * says that the call cannot give its socket another name. */
#define KIND_INET 1
#define KIND_UNIX 2
#define KIND_FILE 3
#define KIND_DIRECTORY 4
#define KIND_PIPE 5
struct told {
  u32 kind, ends, addresses, transport, steady, server_port, client_port, server, client;
};
/* Both ends' addresses; 0 unless they are those of IPv4. */
INLINE int addresses_of(u64 sk, u32 *near, u32 *far) {
  if (IN(sock_common, u16, sk, OFF_sock_common__skc_family) == 2) {
    *near = IN(sock_common, u32, sk, OFF_sock_common__skc_rcv_saddr);
    *far = IN(sock_common, u32, sk, OFF_sock_common__skc_daddr);
    return *near != 0;
  }
  u32 here_[4] = {}, there[4] = {};
  read_kernel(here_, sizeof(here_), (void *)(sk + OFF_sock_common__skc_v6_rcv_saddr));
  read_kernel(there, sizeof(there), (void *)(sk + OFF_sock_common__skc_v6_daddr));
  u32 mapped = bpf_htonl(0xffff);
  if (here_[0] || here_[1] || here_[2] != mapped || there[0] || there[1] || there[2] != mapped) return 0;
  *near = here_[3];
  *far = there[3];
  return 1;
}
INLINE u32 sending_flags(struct call *c) {
  return c->slot == SLOT_SENDTO || c->slot == SLOT_SENDMMSG ? A3 : c->slot == SLOT_SENDMSG ? A2 : 0;
}
INLINE void learn_socket(struct call *c, struct told *t, u64 sk) {
  u16 family = IN(sock_common, u16, sk, OFF_sock_common__skc_family);
  t->kind = family == 2 || family == 10 ? KIND_INET : family == 1 ? KIND_UNIX : 0;
  if (t->kind != KIND_INET) return;
  u32 fast = fast_open(c, sending_flags(c)), role = role_of(c->file), near = 0, far = 0;
  int peer = has_peer(sk);
  /* The ends of a connection stay what they are, but for a call that has made it by sending. */
  t->steady = peer && !fast;
  if (!role) return;
  t->transport = transport(sk);
  if (!peer) return;
  u16 port = IN(sock_common, u16, sk, OFF_sock_common__skc_num), dport = bpf_ntohs(IN(sock_common, u16, sk, OFF_sock_common__skc_dport));
  if (!port) return;
  t->ends = 1;
  t->server_port = role == ROLE_SERVER ? port : dport;
  t->client_port = role == ROLE_SERVER ? dport : port;
  t->addresses = addresses_of(sk, &near, &far);
  t->server = bpf_ntohl(role == ROLE_SERVER ? near : far);
  t->client = bpf_ntohl(role == ROLE_SERVER ? far : near);
}
INLINE void learn(struct call *c, struct told *t) {
  u64 inode = inode_of(c->file);
  if (!inode) return;
  u64 sk = socket_of(c->file);
  if (sk) {
    learn_socket(c, t, sk);
    return;
  }
  u8 type = type_of(IN(inode, u16, inode, OFF_inode__i_mode));
  t->kind = type == TYPE_FILE ? KIND_FILE : type == TYPE_DIRECTORY ? KIND_DIRECTORY : type == TYPE_FIFO ? KIND_PIPE : 0;
}
