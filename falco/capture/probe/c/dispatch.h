/* From a tracepoint to the program of the call at hand, and from the last parameter to the ring.
 *
 * sys_exit looks the call up in `slots`; what nobody wants ends there. The others go to their program in `exits`, or,
 * where the enter is to be made up too, to that in `enters` first, which goes on to the former.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define STATUS_COMPAT 2       /* TS_COMPAT of thread_info.status: the 32-bit entry */
#define X32_BIT 0x40000000    /* in numbers of the x32 entry */
#define I386_SOCKETCALL 102   /* stands for twenty calls, which follow the others in compat_slots */
#define SOCKETCALLS 480
#define SOCKETCALL_SEND 9
#define SOCKETCALL_RECV 10

INLINE void start_call(struct call *c, struct slot *s, u32 slot) {
  c->task = bpf_get_current_task();
  c->ts = bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK);
  c->enter_ts = c->ts;
  c->tid = bpf_get_current_pid_tgid();
  c->given = 0;
  c->slot = slot;
  c->flags = s->flags;
  c->generic = s->generic;
  c->snaplen = setting(SETTING_SNAPLEN);
  c->marks = 0;
  c->then = 0;
  c->fd = -1;
  c->file = 0;
  c->bases = 0;
  c->looked = 0;
  c->pos = 0;
}
/* The file that the call is about. */
INLINE void take_file(struct call *c, s32 fd) {
  c->fd = fd;
  c->file = !c->given ? file_of(c->task, fd) : c->given == (u64)-1 ? 0 : c->given;
}
/* What only x32 has are calls whose structures are those of the 32-bit entry; their arguments come as in the 64-bit one. */
INLINE void arguments(struct call *c, u64 regs, int compat, u32 number) {
  if (!compat) {
    if (number >= SLOTS) c->marks = MARK_COMPAT;
    A0 = KERNEL(u64, regs, OFF_pt_regs__di);
    A1 = KERNEL(u64, regs, OFF_pt_regs__si);
    A2 = KERNEL(u64, regs, OFF_pt_regs__dx);
    A3 = KERNEL(u64, regs, OFF_pt_regs__r10);
    A4 = KERNEL(u64, regs, OFF_pt_regs__r8);
    A5 = KERNEL(u64, regs, OFF_pt_regs__r9);
    return;
  }
  c->marks = MARK_COMPAT;
  A0 = KERNEL(u32, regs, OFF_pt_regs__bx);
  A1 = KERNEL(u32, regs, OFF_pt_regs__cx);
  A2 = KERNEL(u32, regs, OFF_pt_regs__dx);
  A3 = KERNEL(u32, regs, OFF_pt_regs__si);
  A4 = KERNEL(u32, regs, OFF_pt_regs__di);
  A5 = KERNEL(u32, regs, OFF_pt_regs__bp);
  if (number < SOCKETCALLS) return;
  u32 given[6] = {};
  read_user(given, sizeof(given), (void *)A1);
  A0 = given[0];
  A1 = given[1];
  A2 = given[2];
  A3 = given[3];
  int short_ = number == SOCKETCALLS + SOCKETCALL_SEND || number == SOCKETCALLS + SOCKETCALL_RECV;
  A4 = short_ ? 0 : given[4];
  A5 = short_ ? 0 : given[5];
}
/* The slot of the call that these registers belong to, SLOTS for none. */
INLINE u32 slot_of(u64 regs, u64 task, u32 *number, int *compat) {
  *number = KERNEL(u32, regs, OFF_pt_regs__orig_ax);
  u32 native = *number & ~X32_BIT, *found;
  *compat = 0;
  if (native >= SLOTS) {
    *number = native;
    found = compat_slots.lookup(number);
    return found && *found ? *found - 1 : SLOTS;
  }
  found = compat_slots.lookup(number);
  struct slot *s = slots.lookup(&native);
  /* Most calls are wanted by the numbers of neither entry, so that it need not be told which it was. */
  if ((!s || !s->flags) && (!found || !*found)) return SLOTS;
  *compat = (KERNEL(u32, task, OFF_task_struct__thread_info + OFF_thread_info__status) & STATUS_COMPAT) != 0;
  if (!*compat) {
    *number = native;
    return native;
  }
  if (*number == I386_SOCKETCALL) *number = SOCKETCALLS + (KERNEL(u32, regs, OFF_pt_regs__bx) & 31);
  found = compat_slots.lookup(number);
  return found && *found ? *found - 1 : SLOTS;
}
INLINE void keep_time(u64 now) {
  u32 tid = bpf_get_current_pid_tgid();
  enter_times.update(&tid, &now);
}
/* Where everything is recorded, what the recording itself does is left out: it would never end. */
INLINE int is_own(u32 slot) {
  u64 self = setting(SETTING_SELF);
  return self && slot != SLOT_PRCTL && bpf_get_current_pid_tgid() >> 32 == self;
}
#if IN_PART(0)
int on_sys_enter(struct bpf_raw_tracepoint_args *ctx) {
  u64 regs = ctx->args[0], task = bpf_get_current_task();
  u32 number;
  int compat;
  u32 slot = slot_of(regs, task, &number, &compat);
  struct slot *s = slots.lookup(&slot);
  if (!s || !(s->flags & (FLAG_REAL | FLAG_TIME))) return 0;
  struct call *c = this_call();
  if (!c || is_own(slot)) return 0;
  if (s->flags & FLAG_TIME) keep_time(bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK));
  if (!(s->flags & FLAG_REAL)) return 0;
  start_call(c, s, slot);
  c->ret = 0;
  arguments(c, regs, compat, number);
  enters.call(ctx, slot);
  return 0;
}
#endif
#if IN_PART(1)
int on_sys_exit(struct bpf_raw_tracepoint_args *ctx) {
  u64 regs = ctx->args[0], task = bpf_get_current_task();
  u32 number;
  int compat;
  u32 slot = slot_of(regs, task, &number, &compat);
  struct slot *s = slots.lookup(&slot);
  if (!s || !(s->flags & (FLAG_EXIT | FLAG_ENTER | FLAG_TRACK))) return 0;
  struct call *c = this_call();
  if (!c || is_own(slot)) return 0;
  start_call(c, s, slot);
  c->ret = ctx->args[1];
  if (compat) c->ret = (s32)c->ret;
  arguments(c, regs, compat, number);
  if (s->flags & FLAG_TIME) {
    u32 tid = bpf_get_current_pid_tgid();
    u64 *then = enter_times.lookup(&tid);
    if (then) c->enter_ts = *then;
  }
  return sift_call(ctx, c);
}
#endif
/* The last parameter, the end of the block, and what comes after it. */
INLINE int finish(struct bpf_raw_tracepoint_args *ctx, struct record *r, struct call *c) {
  if (c->marks) {
    u64 at = here(c);
    STORE(u8, r, at, FACT_MARKS);
    STORE(u32, r, at + 1, c->marks);
    took(r, c, 5);
  }
  end(r, c);
  if (!c->then) return submit(r, c);
  c->then = 0;
  c->fd = -1;
  c->file = 0;
  c->bases = 0;
  exits.call(ctx, c->slot);
  return 0;
}
/* After the parameters of the event table: the facts, each by a program of its own. What finds none goes on without. */
INLINE int facts(struct bpf_raw_tracepoint_args *ctx, struct record *r, struct call *c) {
  if (c->has_fd) steps.call(ctx, STEP_FD);
  else if (c->bases) steps.call(ctx, STEP_PATHS);
  return finish(ctx, r, c);
}
#if IN_PART(2)
int step_fd(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  fd_fact(r, c, w);
  if (c->bases) steps.call(ctx, STEP_PATHS);
  return finish(ctx, r, c);
}
#endif
#if IN_PART(3)
int step_paths(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  u64 i = c->based & 1;
  base_fact(r, c, w, c->base[i].role, c->base[i].dirfd, c->base[i].name);
  if (c->tells_names) name_fact(r, c, c->base[i].role, c->base[i].name);
  c->based += 1;
  if (c->based < c->bases) steps.call(ctx, STEP_PATHS);
  return finish(ctx, r, c);
}
#endif
