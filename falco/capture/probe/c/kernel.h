/* What kernel structures tell: files and their paths, ids, control groups, terminals. Offsets come from layout.py.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define PATH_END (LONGEST - 1) /* where the NUL of a path stands in the walk's first half */
#define NAMES (LONGEST + 256)  /* scratch behind it */
#define MOST_COMPONENTS 100
#define MOST_GROUPS 16
#define MOST_CONTROLLERS 14

/* Put the path of a dentry under a mount together, as the host sees it. It then stands from c->walked on. What is deeper
 * than can be told is not told at all: the end of a path alone would be another's. */
INLINE void walk_path(struct call *c, struct walk *w, u64 first, u64 vfsmount) {
  int whole = 0;
  c->nameless = 0;
  volatile struct place *at = &c->place;
  at->dentry = first;
  at->mount = vfsmount - OFF_mount__mnt;
  at->root = IN(vfsmount, u64, vfsmount, OFF_vfsmount__mnt_root);
  c->walked = PATH_END;
  w->data[PATH_END] = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOST_COMPONENTS; i++) {
    u64 dentry = at->dentry, mount = at->mount;
    if (dentry == at->root) {
      u64 parent = IN(mount, u64, mount, OFF_mount__mnt_parent);
      if (parent == mount) {
        whole = 1;
        break;
      }
      at->dentry = IN(mount, u64, mount, OFF_mount__mnt_mountpoint);
      at->mount = parent;
      at->root = IN(mount, u64, parent, OFF_mount__mnt + OFF_vfsmount__mnt_root);
      continue;
    }
    u64 parent = IN(dentry, u64, dentry, OFF_dentry__d_parent);
    u64 name = IN(dentry, u64, dentry, OFF_dentry__d_name + OFF_qstr__name);
    u32 size = IN(dentry, u32, dentry, OFF_dentry__d_name + OFF_qstr__len), pos = c->walked & (LONGEST - 1);
    /* FUSE and its like have longer names than other file systems. */
    if (size > 0xff || size + 1 > pos) break;
    size = short_size(size);
    if (parent == dentry && KERNEL(u8, name, 0) == '/') {
      whole = 1;
      /* What has nothing else, and is not where its mount begins, has no path: namespaces, pidfds, files by handle. */
      c->nameless = c->walked == PATH_END;
      break;
    }
    pos = (pos - size) & (LONGEST - 1);
    read_kernel(w->data + pos, size, (void *)name);
    pos = (pos - 1) & (LONGEST - 1);
    w->data[pos] = '/';
    c->walked = pos;
    if (parent == dentry) {
      whole = c->nameless = 1;
      break; /* files without a directory: memfd and its like have their name only */
    }
    at->dentry = parent;
  }
  if (!whole) {
    c->walked = PATH_END;
  } else if (c->walked == PATH_END) {
    c->walked = PATH_END - 1;
    w->data[PATH_END - 1] = '/';
  }
}
/* Copy what was walked to the record at `at` (a bounded position); the bytes copied, its NUL included. */
INLINE u32 copy_walked(struct record *r, struct call *c, struct walk *w, u64 at) {
  u32 from = c->walked & (LONGEST - 1), size = (LONGEST - from) & (2 * LONGEST - 1);
  if (size > LONGEST || from == PATH_END) return 0;
  read_kernel(r->data + at, size, w->data + from);
  return size;
}
#define WALKED \
  do { \
    u64 at_ = here(c); \
    u32 n_ = copy_walked(r, c, w, at_); \
    took(r, c, n_); \
  } while (0)
/* The path of a `struct path` at this address, as a parameter. */
#define PATH_AT(address) \
  do { \
    walk_path(c, w, IN(path, u64, address, OFF_path__dentry), IN(path, u64, address, OFF_path__mnt)); \
    WALKED; \
  } while (0)

/* Of the thread that runs: whether it came in by the 32-bit entry, and where the files of its fds are. Where the kernel
 * gives its task with its type (see layout.py), no function is called for the members. */
#define STATUS_COMPAT 2 /* TS_COMPAT of thread_info.status */
#define OFF_STATUS (OFF_task_struct__thread_info + OFF_thread_info__status)
#if defined(TYPED_TASK) && !defined(BY_CALLS)
#define OF_TASK MEMBER
static u64 (*this_task)(void) = (void *)158; /* BPF_FUNC_get_current_task_btf, which older versions of bcc do not know */
#else
#define OF_TASK KERNEL
INLINE u64 this_task(void) { return bpf_get_current_task(); }
#endif
INLINE void take_thread(struct call *c) {
  u64 task = this_task();
  c->compat = (OF_TASK(u32, task, OFF_STATUS) & STATUS_COMPAT) != 0;
  u64 files = OF_TASK(u64, task, OFF_task_struct__files), table = OF_TASK(u64, files, OFF_files_struct__fdt);
  c->most_fds = OF_TASK(u32, table, OFF_fdtable__max_fds);
  c->fds = OF_TASK(u64, table, OFF_fdtable__fd);
}
/* The table of fds holds addresses: each is read as a structure's first member that is one. */
INLINE u64 file_of(struct call *c, s64 fd) {
  return fd >= 0 && fd < c->most_fds ? IN(path, u64, c->fds + 8 * (u64)fd - OFF_path__mnt, OFF_path__mnt) : 0;
}
/* Where the kernel keeps which directory a passed path starts in: the root, the working directory, or that of dirfd; 0 if
 * that is none. */
INLINE u64 start_of(struct call *c, u64 task, s32 dirfd, int is_absolute) {
  u64 fs = IN(task_struct, u64, task, OFF_task_struct__fs);
  if (is_absolute) return fs + OFF_fs_struct__root;
  if (dirfd == -100) return fs + OFF_fs_struct__pwd;
  u64 file = file_of(c, dirfd);
  return file ? file + OFF_file__f_path : 0;
}
INLINE u64 inode_of(u64 file) { return file ? IN(file, u64, file, OFF_file__f_inode) : 0; }
/* The device number as stat(2) has it. */
INLINE u32 device_of(u64 inode) {
  u64 super = inode ? IN(inode, u64, inode, OFF_inode__i_sb) : 0;
  u32 dev = super ? IN(super_block, u32, super, OFF_super_block__s_dev) : 0;
  u32 major = dev >> 20, minor = dev & 0xfffff;
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
INLINE u64 number_of(u64 inode) { return inode ? IN(inode, u64, inode, OFF_inode__i_ino) : 0; }

/* A pid as its own innermost namespace has it. */
INLINE u32 own_number(u64 pid) {
  u32 level = KERNEL(u32, pid, OFF_pid__level);
  return KERNEL(u32, pid, OFF_pid__numbers + (u64)(level & 31) * SZ_upid + OFF_upid__nr);
}
INLINE u64 pid_of_group(u64 task, int kind) {
  u64 signal = KERNEL(u64, task, OFF_task_struct__signal);
  return KERNEL(u64, signal, OFF_signal_struct__pids + 8 * kind);
}
INLINE u32 group_number(u64 task, int kind) {
  u64 pid = pid_of_group(task, kind);
  return pid ? KERNEL(u32, pid, OFF_pid__numbers + OFF_upid__nr) : 0;
}
#define KIND_TGID 1
#define KIND_PGID 2
#define KIND_SID 3

INLINE u32 terminal(u64 task) {
  u64 signal = KERNEL(u64, task, OFF_task_struct__signal);
  u64 tty = KERNEL(u64, signal, OFF_signal_struct__tty);
  if (!tty) return 0;
  u64 driver = KERNEL(u64, tty, OFF_tty_struct__driver);
  u32 major = KERNEL(u32, driver, OFF_tty_driver__major);
  u32 minor = KERNEL(u32, driver, OFF_tty_driver__minor_start) + KERNEL(u32, tty, OFF_tty_struct__index);
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
INLINE u64 limit_of_fds(u64 task) {
  u64 signal = KERNEL(u64, task, OFF_task_struct__signal);
  return KERNEL(u64, signal, OFF_signal_struct__rlim + 16 * 7); /* RLIMIT_NOFILE, its current value */
}
#define PAGES_TO_KB 4
INLINE u64 rss_pages(u64 mm, int kind) {
  /* percpu_counter since 6.2, whose `count` is near enough; an array of longs before. */
#ifdef OFF_mm_struct__rss_stat__counters
  return KERNEL(u64, mm, OFF_mm_struct__rss_stat + SZ_percpu_counter * kind + OFF_percpu_counter__count);
#else
  return KERNEL(u64, mm, OFF_mm_struct__rss_stat + 8 * kind);
#endif
}
INLINE u32 positive_kb(u64 pages) { return (s64)pages > 0 ? pages * PAGES_TO_KB : 0; }

/* Put a control group's path together; 0 if it lies deeper than can be told. Its end alone would be another's. */
INLINE int walk_group(struct call *c, struct walk *w, u64 node) {
  int whole = 0;
  c->walked = PATH_END;
  w->data[PATH_END] = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOST_GROUPS; i++) {
    u64 parent = KERNEL(u64, node, OFF_kernfs_node__parent);
    if (!parent) {
      whole = 1;
      break;
    }
    u64 name = KERNEL(u64, node, OFF_kernfs_node__name);
    long n = read_kernel_str(w->data + LONGEST, 256, (void *)name);
    if (n <= 1) break;
    u32 size = (n - 1) & 0xff, pos = c->walked & (LONGEST - 1);
    if (size + 1 > pos) break;
    pos = (pos - size) & (LONGEST - 1);
    read_kernel(w->data + pos, size, w->data + LONGEST);
    pos = (pos - 1) & (LONGEST - 1);
    w->data[pos] = '/';
    c->walked = pos;
    node = parent;
  }
  if (c->walked == PATH_END) {
    c->walked = PATH_END - 1;
    w->data[PATH_END - 1] = '/';
  }
  return whole;
}
