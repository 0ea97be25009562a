/* Paths as the sieve looks at them: by their parts, which are taken from the last one to the first and never put
 * together. What costs here is each call of a function of the kernel's, so a part takes one.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define MOST_SIFTED 256 /* bytes of a path that is looked at, with its NUL; a longer one is unknown */
#define MOST_PARTS 64   /* a power of two; what is deeper is unknown */

/* Members of a structure that lie near each other are read at once. FROM_ is where the first of them begins, TO_ is where
 * the last ends, both constants. Where a kernel has shuffled the structure they are too far apart, and each is read by
 * itself; as each is where that costs nothing. */
#ifndef NEAR
#define NEAR 128
#endif
#ifdef DIRECTLY
#define ARE_NEAR(structure) 0
#else
#define ARE_NEAR(structure) (TO_##structure - FROM_##structure <= NEAR)
#endif
#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define GREATEST(a, b) ((a) > (b) ? (a) : (b))
#define TAKE(structure, window, address) \
  do { \
    if (ARE_NEAR(structure)) \
      read_kernel(window, ARE_NEAR(structure) ? TO_##structure - FROM_##structure : 0, (void *)((address) + FROM_##structure)); \
  } while (0)
#define TAKEN(structure, type, window, address, offset) \
  (ARE_NEAR(structure) ? *(type *)((u8 *)(window) + (ARE_NEAR(structure) ? (offset) - FROM_##structure : 0)) \
                       : IN(structure, type, address, offset))

#define FROM_file LEAST(OFF_file__f_path, OFF_file__f_inode)
#define TO_file GREATEST(OFF_file__f_path + 16, OFF_file__f_inode + 8)
#define FROM_inode LEAST(OFF_inode__i_mode, OFF_inode__i_ino)
#define TO_inode GREATEST(OFF_inode__i_mode + 2, OFF_inode__i_ino + 8)
#define OFF_ROOT (OFF_mount__mnt + OFF_vfsmount__mnt_root)
#define FROM_mount LEAST(OFF_ROOT, LEAST(OFF_mount__mnt_parent, OFF_mount__mnt_mountpoint))
#define TO_mount (GREATEST(OFF_ROOT, GREATEST(OFF_mount__mnt_parent, OFF_mount__mnt_mountpoint)) + 8)
/* A dentry has short names in itself. */
#define FROM_dentry LEAST(OFF_dentry__d_iname, LEAST(OFF_dentry__d_parent, OFF_dentry__d_name))
#define TO_dentry \
  GREATEST(OFF_dentry__d_iname + SZ_dentry__d_iname, GREATEST(OFF_dentry__d_parent + 8, OFF_dentry__d_name + SZ_dentry__d_name))
#define TEXT_AT (ARE_NEAR(dentry) ? OFF_dentry__d_iname - FROM_dentry : 0)

struct part {
  u32 size, pad;
  u8 data[NEAR + MOST_SIFTED]; /* from TEXT_AT on its text */
};
struct parts {
  u32 count, total; /* how many, and the bytes of all with a slash before each */
  u32 which, at;    /* how far they were read */
  struct place place;
  struct part part[MOST_PARTS];
};
BPF_PERCPU_ARRAY(paths, struct parts, 1);

INLINE struct parts *these_parts(void) {
  int zero = 0;
  return paths.lookup(&zero);
}
/* Count a part that was taken; 0 if there is no room for more. */
INLINE int add_part(struct parts *p, u32 size) {
  u32 i = p->count & (MOST_PARTS - 1);
  p->part[i].size = size;
  p->count = i + 1;
  p->total += size + 1;
  return p->total < MOST_SIFTED && i + 1 < MOST_PARTS;
}
/* Take a dentry's name as the next part; its parent, or 0 if it cannot be told. */
INLINE u64 take_part(struct parts *p, u64 dentry) {
  u8 *data = p->part[p->count & (MOST_PARTS - 1)].data;
  TAKE(dentry, data, dentry);
  u64 parent = TAKEN(dentry, u64, data, dentry, OFF_dentry__d_parent);
  u64 name = TAKEN(dentry, u64, data, dentry, OFF_dentry__d_name + OFF_qstr__name);
  u32 size = TAKEN(dentry, u32, data, dentry, OFF_dentry__d_name + OFF_qstr__len);
  int has_it = name == dentry + OFF_dentry__d_iname && size < SZ_dentry__d_iname;
  if (size > 0xff) return 0;
#ifdef DIRECTLY
  if (has_it) {
#pragma clang loop unroll(full)
    for (int i = 0; i < SZ_dentry__d_iname / 8; i++)
      ((u64 *)data)[i] = IN(dentry, u64, dentry, OFF_dentry__d_iname + 8 * i);
  }
#else
  has_it = has_it && ARE_NEAR(dentry);
#endif
  if (!has_it) read_kernel(data + TEXT_AT, short_size(size), (void *)name);
  /* What has no directory is the root; or else it has no path: memfds and pipes, or what is only known by its number. */
  if (parent == dentry) return data[TEXT_AT] == '/' && p->count ? parent : 0;
  return add_part(p, size) ? parent : 0;
}
/* Take the parts of the path that this dentry has under a mount, as the host sees it; 0 if they cannot be told. */
INLINE int take_parts(struct parts *p, u64 first, u64 vfsmount) {
  volatile struct place *at = &p->place;
  u64 window[NEAR / 8];
  at->dentry = first;
  at->mount = vfsmount - OFF_mount__mnt;
  TAKE(mount, window, at->mount);
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOST_PARTS; i++) {
    u64 dentry = at->dentry, mount = at->mount, parent;
    if (dentry == TAKEN(mount, u64, window, mount, OFF_ROOT)) {
      parent = TAKEN(mount, u64, window, mount, OFF_mount__mnt_parent);
      if (parent == mount) return 1;
      at->dentry = TAKEN(mount, u64, window, mount, OFF_mount__mnt_mountpoint);
      at->mount = parent;
      TAKE(mount, window, parent);
      continue;
    }
    parent = take_part(p, dentry);
    if (!parent) return 0;
    if (parent == dentry) return 1;
    at->dentry = parent;
  }
  return 0;
}
/* Begin to read the path: a slash before each part. Nothing but a slash is the path of the root. */
INLINE void rewind(struct parts *p) {
  u32 count = p->count ? p->count : 1;
  p->which = count;
  p->part[count & (MOST_PARTS - 1)].size = p->at = 0;
  if (!p->count) p->part[0].size = 0;
}
/* Its next byte, NUL at the end. Where it stands lies in map memory: in registers the verifier would follow every way
 * there by itself. */
INLINE u8 next_byte(struct parts *p) {
  u32 i = p->which & (MOST_PARTS - 1), at = p->at & 0xff;
  struct part *part = &p->part[i];
  if (at < part->size) {
    p->at = at + 1;
    return part->data[TEXT_AT + at];
  }
  if (!i) return 0;
  p->which = i - 1;
  p->at = 0;
  return '/';
}
