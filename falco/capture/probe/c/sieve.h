/* What no rule can match goes no further: a weaker condition of all rules, tested on the call and the kernel's path.
 *
 * The conditions are generated (sieve.py). The texts that they look for in paths are rows of a table, which is written
 * in the half that is not in use; a setting says where the one in force begins.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define MOST_CLASSES 128
#define ROWS 16384      /* both halves */
#define MOST_SIFTED 256 /* bytes of a path that is looked at; a longer one is unknown */
#define PATH_UNKNOWN (~0ull)

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
BPF_PERCPU_ARRAY(sifted_calls, u64, SLOTS);

/* On to the programs that send the call. */
INLINE int send_call(struct bpf_raw_tracepoint_args *ctx, struct call *c) {
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
  if (!setting(SETTING_SHADOW)) return 0;
  c->marks |= MARK_SIFTED;
  return send_call(ctx, c);
}
/* Whether the file has a path that tells which file it is: not a pipe's or a memfd's, and not of a file that rules know
 * by another name. */
INLINE int has_telling_path(struct call *c) {
  u64 inode = inode_of(c->file);
  if (!inode) return 0;
  u8 type = type_of(KERNEL(u16, inode, OFF_inode__i_mode));
  if (type != TYPE_FILE && type != TYPE_DIRECTORY) return 0;
  struct file_id id = {device_of(inode), number_of(inode)};
  return !known_files.lookup(&id);
}
/* Which tests the path of c->file meets, as bits; PATH_UNKNOWN in both if that cannot be said. */
INLINE void look_at_path(struct call *c, struct walk *w) {
  u32 slashes = 0;
  c->met = c->unmet = PATH_UNKNOWN;
  c->slashes = 0;
  if (!has_telling_path(c)) return;
  walk_path(c, w, KERNEL(u64, c->file, OFF_file__f_path + OFF_path__dentry),
            KERNEL(u64, c->file, OFF_file__f_path + OFF_path__mnt));
  u64 from = c->walked, found = 0;
  if (c->nameless || from == PATH_END) return;
  u32 first = setting(SETTING_ROWS), half = first != 0, state = first + 1;
  struct classes *k = classes.lookup(&half);
  struct row *row = rows.lookup(&state);
  if (!k || !row) return;
  found = row->met;
#pragma clang loop unroll(disable)
  for (u64 i = 0; i < MOST_SIFTED; i++) {
    u8 byte = w->data[(from + i) & (LONGEST - 1)];
    state = row->next[k->of[byte] & (MOST_CLASSES - 1)];
    row = rows.lookup(&state);
    if (!row) return;
    found |= row->met;
    if (byte == '/') slashes++;
    if (!byte) {
      c->slashes = slashes;
      c->met = found;
      c->unmet = ~found;
      return;
    }
  }
}
/* Goes back to the call's sieve, which now knows. */
#if IN_PART(4)
int step_look(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  look_at_path(c, w);
  c->looked = 1;
  sieves.call(ctx, c->slot);
  return send_call(ctx, c);
}
#endif
