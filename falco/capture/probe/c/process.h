/* Process life: programs are begun, threads are made, both end.
 *
 * A record of a whole process is too much for one program, so it is built by several that call each other.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define CHILD_IN_OTHER_NAMESPACE 536870912 /* CLONE_CHILD_IN_PIDNS of the event table */
#define EXE_FROM_MEMFD 4

INLINE u64 namespace_of(u64 pid) {
  u32 level = KERNEL(u32, pid, OFF_pid__level);
  return KERNEL(u64, pid, OFF_pid__numbers + (u64)(level & 31) * SZ_upid + OFF_upid__ns);
}
INLINE u32 exit_code_of(u64 task) { return KERNEL(u32, task, OFF_task_struct__exit_code); }
INLINE u64 pid_struct(u64 task) { return KERNEL(u64, task, OFF_task_struct__thread_pid); }

/* The beginning of all of them: res, exe, args, tid, pid, ptid, cwd, fdlimit, pgft_maj, pgft_min, vm_size, vm_rss, vm_swap, comm. */
#if IN_PART(4)
int step_process(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  begin(r, c, c->code, c->ts, c->nparams + (c->marks != 0));
  S64(RET);
  u64 task = c->task, mm = KERNEL(u64, task, OFF_task_struct__mm);
  u64 start = KERNEL(u64, mm, OFF_mm_struct__arg_start), stop = KERNEL(u64, mm, OFF_mm_struct__arg_end), at = here(c);
  long n = read_user_str(r->data + at, LONGEST, (void *)start);
  if (n < 0) n = 0;
  took(r, c, n);
  bytes_of(r, c, start + n, stop > start + n ? stop - start - n : 0, LONGEST);
  PID(KERNEL(u32, task, OFF_task_struct__pid));
  PID(KERNEL(u32, task, OFF_task_struct__tgid));
  PID(KERNEL(u32, KERNEL(u64, task, OFF_task_struct__real_parent), OFF_task_struct__pid));
  PATH_AT(KERNEL(u64, task, OFF_task_struct__fs) + OFF_fs_struct__pwd);
  U64(limit_of_fds(task));
  U64(KERNEL(u64, task, OFF_task_struct__maj_flt));
  U64(KERNEL(u64, task, OFF_task_struct__min_flt));
  U32(size_kb(c));
  U32(rss_kb(c));
  U32(swap_kb(c));
  KERNEL_TEXT(task + OFF_task_struct__comm, 16);
  step(ctx, STEP_GROUPS);
  return 0;
}
#endif

/* One `controller=path` at the place where the parameter is put together, unless that is full or the path too deep. */
INLINE void add_group(struct record *r, struct call *c, struct walk *w, u64 begin, u64 name, u64 node) {
  u64 before = c->pos, at = here(c);
  long n = name ? read_kernel_str(r->data + at, 32, (void *)name) : 1;
  if (n < 1 || n > 32) return;
  at += n - 1;
  STORE(u8, r, at, '=');
  if (!walk_group(c, w, node)) return;
  c->pos = at + 1;
  at = here(c);
  u32 size = copy_walked(r, c, w, at);
  c->pos = at + size;
  if (c->pos - begin > LONGEST) c->pos = before;
}
/* The control groups: those of the old hierarchies by their controllers, that of the unified one without a name. */
INLINE void control_groups(struct record *r, struct call *c, struct walk *w) {
  u64 begin = here(c);
#ifdef OFF_task_struct__cgroups
  u64 set = KERNEL(u64, c->task, OFF_task_struct__cgroups), unified = KERNEL(u64, set, OFF_css_set__dfl_cgrp);
  u64 root = KERNEL(u64, unified, OFF_cgroup__root);
#pragma clang loop unroll(disable)
  for (u64 i = 0; i < MOST_CONTROLLERS; i++) {
    u64 state = KERNEL(u64, set, OFF_css_set__subsys + 8 * i);
    if (8 * i >= SZ_css_set__subsys || !state) continue;
    u64 group = KERNEL(u64, state, OFF_cgroup_subsys_state__cgroup);
    if (KERNEL(u64, group, OFF_cgroup__root) == root) continue;
    u64 controller = KERNEL(u64, state, OFF_cgroup_subsys_state__ss);
    add_group(r, c, w, begin, KERNEL(u64, controller, OFF_cgroup_subsys__legacy_name), KERNEL(u64, group, OFF_cgroup__kn));
  }
  add_group(r, c, w, begin, 0, KERNEL(u64, unified, OFF_cgroup__kn));
#endif
  u64 size = c->pos - begin;
  c->pos = begin;
  took(r, c, size > LONGEST ? 0 : size);
}

#if IN_PART(5)
int step_groups(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  control_groups(r, c, w);
  step(ctx, c->next);
  return 0;
}
#endif
INLINE int process_record(struct bpf_raw_tracepoint_args *ctx, struct call *c, u32 code, u32 nparams, u32 next) {
  c->code = code;
  c->nparams = nparams;
  c->next = next;
  step(ctx, STEP_PROCESS);
  return 0;
}

/* Clones: of the caller or, in it, of the new thread. */
INLINE u64 clone_arguments(struct call *c) {
  u64 flags = 0;
  if (c->generic == CALL_CLONE) flags = A0;
  if (c->generic == CALL_CLONE3) flags = USER(u64, A0);
  if (c->generic == CALL_VFORK) flags = 0x4100; /* CLONE_VFORK | CLONE_VM */
  return flags;
}
#if IN_PART(6)
int step_clone(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  u64 task = c->task, own = pid_struct(task), ns = namespace_of(own);
  u32 flags = clone_flags(clone_arguments(c));
  if (RET > 0) {
    if (KERNEL(u64, KERNEL(u64, task, OFF_task_struct__nsproxy), OFF_nsproxy__pid_ns_for_children) != ns || flags & 64)
      flags |= CHILD_IN_OTHER_NAMESPACE;
  } else if (RET == 0) {
    u64 parent = KERNEL(u64, task, OFF_task_struct__real_parent);
    if (namespace_of(pid_struct(parent)) != ns) flags |= CHILD_IN_OTHER_NAMESPACE;
  }
  U32(flags);
  u64 cred = KERNEL(u64, task, OFF_task_struct__cred);
  U32(KERNEL(u32, cred, OFF_cred__euid));
  U32(KERNEL(u32, cred, OFF_cred__egid));
  PID(own_number(own));
  PID(own_number(pid_of_group(task, KIND_TGID)));
  u64 first = KERNEL(u64, ns, OFF_pid_namespace__child_reaper);
  U64(KERNEL(u64, first, OFF_task_struct__start_boottime) + setting(SETTING_CLOCK));
  return finish(ctx, r, c);
}
#endif

/* A program begun, or the attempt that failed: 293 has 31 parameters, 331 all but the last. */
INLINE int is_memory(u64 file) {
  u64 inode = inode_of(file), dentry = KERNEL(u64, file, OFF_file__f_path + OFF_path__dentry);
  u64 name = KERNEL(u64, KERNEL(u64, dentry, OFF_dentry__d_name + OFF_qstr__name), 0);
  return inode && KERNEL(u64, dentry, OFF_dentry__d_parent) == dentry && (name & 0xffffffffffff) == 0x3a64666d656dull; /* "memfd:" */
}
#if IN_PART(7)
int step_exec(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  u64 task = c->task, mm = KERNEL(u64, task, OFF_task_struct__mm), cred = KERNEL(u64, task, OFF_task_struct__cred);
  u64 file = KERNEL(u64, mm, OFF_mm_struct__exe_file), inode = inode_of(file);
  u64 start = KERNEL(u64, mm, OFF_mm_struct__env_start), stop = KERNEL(u64, mm, OFF_mm_struct__env_end);
  bytes_of(r, c, start, stop > start ? stop - start : 0, LONGEST);
  U32(terminal(task));
  PID(own_number(pid_of_group(task, KIND_PGID)));
#ifdef OFF_task_struct__loginuid
  U32(KERNEL(u32, task, OFF_task_struct__loginuid));
#else
  U32(-1);
#endif
  U32(is_memory(file) ? EXE_FROM_MEMFD : 0);
  U64(KERNEL(u64, cred, OFF_cred__cap_inheritable));
  U64(KERNEL(u64, cred, OFF_cred__cap_permitted));
  U64(KERNEL(u64, cred, OFF_cred__cap_effective));
  U64(number_of(inode));
  U64(KERNEL(u64, inode, OFF_inode__i_ctime_sec) * 1000000000ull);
  U64(KERNEL(u64, inode, OFF_inode__i_mtime_sec) * 1000000000ull);
  U32(KERNEL(u32, cred, OFF_cred__euid));
  if (file) PATH_AT(file + OFF_file__f_path);
  else P_EMPTY;
  PID(group_number(task, KIND_PGID));
  U32(KERNEL(u32, cred, OFF_cred__egid));
  if (c->filename_in_kernel) KERNEL_TEXT(c->filename, LONGEST);
  else if (c->filename) TEXT(c->filename);
  return finish(ctx, r, c);
}
#endif
/* Called when the new program stands and nothing of the old one is left: the truth, not what was asked for. */
#if IN_PART(8)
int on_exec(struct bpf_raw_tracepoint_args *ctx) {
  u32 zero = SLOT_EXECVE;
  struct slot *s = slots.lookup(&zero);
  struct call *c = this_call();
  if (!s || !s->flags || !c) return 0;
  thread_begins_program(ctx->args[1]);
  start_call(c, s, SLOT_EXECVE);
  stamp(c);
  c->ret = 0;
  c->filename = KERNEL(u64, ctx->args[2], OFF_linux_binprm__filename);
  c->filename_in_kernel = 1;
  return process_record(ctx, c, CODE_EXECVE_X, 31, STEP_EXEC);
}
#endif
/* Failures only; what succeeds was told by on_exec. */
#if IN_PART(9)
int exit_execve(struct bpf_raw_tracepoint_args *ctx) {
  struct call *c = this_call();
  if (!c || RET >= 0) return 0;
  c->filename = A0;
  c->filename_in_kernel = 0;
  return process_record(ctx, c, CODE_EXECVE_X, 31, STEP_EXEC);
}
#endif
#if IN_PART(10)
int exit_execveat(struct bpf_raw_tracepoint_args *ctx) {
  struct call *c = this_call();
  if (!c || RET >= 0) return 0;
  c->filename = c->filename_in_kernel = 0;
  return process_record(ctx, c, CODE_EXECVEAT_X, 30, STEP_EXEC);
}
#endif
INLINE int cloned(struct bpf_raw_tracepoint_args *ctx, u32 code) {
  struct call *c = this_call();
  if (!c) return 0;
  if (!RET) thread_changes();
  return process_record(ctx, c, code, 21, STEP_CLONE);
}
#if IN_PART(11)
int exit_clone(struct bpf_raw_tracepoint_args *ctx) { return cloned(ctx, CODE_CLONE_X); }
#endif
#if IN_PART(12)
int exit_clone3(struct bpf_raw_tracepoint_args *ctx) { return cloned(ctx, CODE_CLONE3_X); }
#endif
#if IN_PART(13)
int exit_fork(struct bpf_raw_tracepoint_args *ctx) { return cloned(ctx, CODE_FORK_X); }
#endif
#if IN_PART(14)
int exit_vfork(struct bpf_raw_tracepoint_args *ctx) { return cloned(ctx, CODE_VFORK_X); }
#endif

/* To whom the kernel gives the children of a thread that ends (find_new_reaper of its exit.c): to its process while that
 * has other threads, else to the nearest ancestor in its pid namespace that asked for orphans, else to the namespace's
 * first process. 0 where it cannot be told. */
#define MOST_FOREBEARS 64
INLINE int has_threads(u64 task) {
  return KERNEL(s32, KERNEL(u64, task, OFF_task_struct__signal), OFF_signal_struct__live) > 0;
}
INLINE u32 process_of(u64 task) { return KERNEL(u32, task, OFF_task_struct__tgid); }
INLINE u32 reaper_of(u64 task) {
  u32 own = process_of(task), heir = 0;
  if (has_threads(task)) return own;
#ifdef BIT_signal_struct__is_child_subreaper
  u32 level = KERNEL(u32, pid_struct(task), OFF_pid__level);
  u32 first = process_of(KERNEL(u64, namespace_of(pid_struct(task)), OFF_pid_namespace__child_reaper));
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOST_FOREBEARS && !heir; i++) {
    task = KERNEL(u64, task, OFF_task_struct__real_parent);
    u32 asked = KERNEL(u32, KERNEL(u64, task, OFF_task_struct__signal), OFF_signal_struct__is_child_subreaper);
    if (process_of(task) == first || KERNEL(u32, pid_struct(task), OFF_pid__level) != level) heir = first;
    else if (asked >> BIT_signal_struct__is_child_subreaper & 1 && has_threads(task)) heir = process_of(task);
  }
#endif
  return heir == own ? 0 : heir; /* With the first process of a namespace all others end. */
}

/* A thread ends. */
#if IN_PART(15)
int on_exit(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  thread_ends(bpf_get_current_pid_tgid());
  c->marks = 0;
  c->pos = 0;
  c->tid = bpf_get_current_pid_tgid();
  u64 task = bpf_get_current_task();
  u32 status = exit_code_of(task);
  begin(r, c, CODE_PROCEXIT, bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK), 5);
  S64(status);
  S64((status >> 8) & 0xff);
  U8(status & 0x7f);
  U8((status >> 7) & 1);
  PID(reaper_of(task));
  end(r, c);
  return submit(r, c);
}
#endif

/* A signal is delivered: from whom (0 for the kernel), to whom, which. */
#if IN_PART(3)
int on_signal(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  c->marks = 0;
  c->pos = 0;
  c->tid = bpf_get_current_pid_tgid();
  u64 info = ctx->args[1];
  /* Small values stand for a signal without information: by the kernel, or by nobody. */
  s64 sender = info > 2 && KERNEL(s32, info, 8) <= 0 ? KERNEL(s32, info, 16) : 0;
  begin(r, c, CODE_SIGNAL, bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK), 3);
  S64(sender);
  PID(c->tid);
  U8(ctx->args[0]);
  end(r, c);
  return submit(r, c);
}
#endif

/* A thread gets a name, by whatever way and maybe from another thread: by prctl or by its file comm.
 * That of a new program comes with the program. */
#if IN_PART(3)
int on_rename(struct bpf_raw_tracepoint_args *ctx) {
  HERE
#ifdef BIT_task_struct__in_execve
  if (KERNEL(u32, bpf_get_current_task(), OFF_task_struct__in_execve) >> BIT_task_struct__in_execve & 1) return 0;
#endif
  c->marks = 0;
  c->pos = 0;
  c->tid = KERNEL(u32, ctx->args[0], OFF_task_struct__pid);
  change_thread(c->tid);
  begin(r, c, CODE_NAMED, bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK), 3);
  U64(0);
  U64(0);
  u64 at = here(c);
  STORE(u8, r, at, FACT_COMM);
  long n = read_kernel_str(r->data + at + 1, 16, (void *)ctx->args[1]);
  took(r, c, n > 0 ? n + 1 : 0);
  end(r, c);
  submit(r, c);
  /* What the thread did meanwhile, if it was another that named it, may stand before this in the ring. */
  change_thread(c->tid);
  return 0;
}
#endif
