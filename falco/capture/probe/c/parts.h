/* Paths as the sieve looks at them: by their parts, which are taken from the last one to the first and never put
 * together. What costs here is each call of a function of the kernel's, so a part takes one.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define MOST_SIFTED 256 /* bytes of a path that is looked at, with its NUL; a longer one is unknown */
#define MOST_PARTS 64   /* a power of two; what is deeper is unknown */

/* Members of a structure that lie near each other are read at once. from is where the first of them begins, to is where
 * the last ends, both constants. Where a kernel has shuffled the structure they are too far apart, and each is read by
 * itself. */
#ifndef NEAR
#define NEAR 128
#endif
#define ARE_NEAR(from, to) ((to) - (from) <= NEAR)
#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define GREATEST(a, b) ((a) > (b) ? (a) : (b))
#define TAKE(window, address, from, to) \
  do { \
    if (ARE_NEAR(from, to)) read_kernel(window, ARE_NEAR(from, to) ? (to) - (from) : 0, (void *)((address) + (from))); \
  } while (0)
#define TAKEN(type, window, address, offset, from, to) \
  (ARE_NEAR(from, to) ? *(type *)((u8 *)(window) + (ARE_NEAR(from, to) ? (offset) - (from) : 0)) \
                      : KERNEL(type, address, offset))

#define FILE_FROM LEAST(OFF_file__f_path, OFF_file__f_inode)
#define FILE_TO GREATEST(OFF_file__f_path + 16, OFF_file__f_inode + 8)
#define INODE_FROM LEAST(OFF_inode__i_mode, OFF_inode__i_ino)
#define INODE_TO GREATEST(OFF_inode__i_mode + 2, OFF_inode__i_ino + 8)
#define OFF_ROOT (OFF_mount__mnt + OFF_vfsmount__mnt_root)
#define MOUNT_FROM LEAST(OFF_ROOT, LEAST(OFF_mount__mnt_parent, OFF_mount__mnt_mountpoint))
#define MOUNT_TO (GREATEST(OFF_ROOT, GREATEST(OFF_mount__mnt_parent, OFF_mount__mnt_mountpoint)) + 8)
/* A dentry has short names in itself. */
#define DENTRY_FROM LEAST(OFF_dentry__d_iname, LEAST(OFF_dentry__d_parent, OFF_dentry__d_name))
#define DENTRY_TO \
  GREATEST(OFF_dentry__d_iname + SZ_dentry__d_iname, GREATEST(OFF_dentry__d_parent + 8, OFF_dentry__d_name + SZ_dentry__d_name))
#define TEXT_AT (ARE_NEAR(DENTRY_FROM, DENTRY_TO) ? OFF_dentry__d_iname - DENTRY_FROM : 0)

struct part {
  u32 size, pad;
  u8 data[NEAR + MOST_SIFTED]; /* from TEXT_AT on its text */
};
struct parts {
  u32 count, total; /* how many, and the bytes of all with a slash before each */
  u32 which, at;    /* how far they were read */
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
  TAKE(data, dentry, DENTRY_FROM, DENTRY_TO);
  u64 parent = TAKEN(u64, data, dentry, OFF_dentry__d_parent, DENTRY_FROM, DENTRY_TO);
  u64 name = TAKEN(u64, data, dentry, OFF_dentry__d_name + OFF_qstr__name, DENTRY_FROM, DENTRY_TO);
  u32 size = TAKEN(u32, data, dentry, OFF_dentry__d_name + OFF_qstr__len, DENTRY_FROM, DENTRY_TO);
  int has_it = ARE_NEAR(DENTRY_FROM, DENTRY_TO) && name == dentry + OFF_dentry__d_iname && size < SZ_dentry__d_iname;
  if (size > 0xff) return 0;
  if (!has_it) read_kernel(data + TEXT_AT, size & 0xff, (void *)name);
  /* What has no directory is the root; or else it has no path: memfds and pipes, or what is only known by its number. */
  if (parent == dentry) return data[TEXT_AT] == '/' && p->count ? parent : 0;
  return add_part(p, size) ? parent : 0;
}
/* Take the parts of the path that this dentry has under a mount, as the host sees it; 0 if they cannot be told. */
INLINE int take_parts(struct parts *p, u64 dentry, u64 vfsmount) {
  u64 mount = vfsmount - OFF_mount__mnt, window[NEAR / 8];
  TAKE(window, mount, MOUNT_FROM, MOUNT_TO);
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOST_PARTS; i++) {
    u64 parent;
    if (dentry == TAKEN(u64, window, mount, OFF_ROOT, MOUNT_FROM, MOUNT_TO)) {
      parent = TAKEN(u64, window, mount, OFF_mount__mnt_parent, MOUNT_FROM, MOUNT_TO);
      if (parent == mount) return 1;
      dentry = TAKEN(u64, window, mount, OFF_mount__mnt_mountpoint, MOUNT_FROM, MOUNT_TO);
      mount = parent;
      TAKE(window, mount, MOUNT_FROM, MOUNT_TO);
      continue;
    }
    parent = take_part(p, dentry);
    if (!parent) return 0;
    if (parent == dentry) return 1;
    dentry = parent;
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
