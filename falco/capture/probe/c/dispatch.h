/* From a tracepoint to the program of the call at hand, and from the last parameter to the ring.
 *
 * sys_exit looks the call up in `slots`; what nobody wants ends there. The others go to their program in `exits`, or,
 * where the enter is to be made up too, to that in `enters` first, which goes on to the former.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define X32_BIT 0x40000000    /* in numbers of the x32 entry */
#define I386_SOCKETCALL 102   /* stands for twenty calls, which follow the others in compat_slots */
#define SOCKETCALLS 480
#define SOCKETCALL_SEND 9
#define SOCKETCALL_RECV 10

INLINE void start_call(struct call *c, struct slot *s, u32 slot) {
  c->enter_ts = c->given = c->tid = 0;
  c->slot = slot;
  c->flags = s->flags;
  c->generic = s->generic;
  c->marks = 0;
  c->then = 0;
  c->fd = -1;
  c->file = 0;
  c->bases = 0;
  c->looked = c->asked = 0;
  c->pos = 0;
}
/* The file that the call is about. */
INLINE void take_file(struct call *c, s32 fd) {
  c->fd = fd;
  c->file = !c->given ? file_of(c, fd) : c->given == (u64)-1 ? 0 : c->given;
}
/* The caller's registers: all that can be needed in one read, where each read costs a call. */
#ifdef DIRECTLY
INLINE void take_registers(struct call *c, u64 regs) { c->regs = regs; }
#define REGISTER(name) IN(pt_regs, u64, c->regs, OFF_pt_regs__##name)
#else
INLINE void take_registers(struct call *c, u64 regs) { read_kernel(c->regs, sizeof(c->regs), (void *)regs); }
#define REGISTER(name) (c->regs[OFF_pt_regs__##name / 8])
#endif
/* What only x32 has are calls whose structures are those of the 32-bit entry; their arguments come as in the 64-bit one. */
INLINE void arguments(struct call *c, u32 number) {
  if (!c->compat) {
    if (number >= SLOTS) c->marks = MARK_COMPAT;
    A0 = REGISTER(di);
    A1 = REGISTER(si);
    A2 = REGISTER(dx);
    A3 = REGISTER(r10);
    A4 = REGISTER(r8);
    A5 = REGISTER(r9);
    return;
  }
  c->marks = MARK_COMPAT;
  A0 = (u32)REGISTER(bx);
  A1 = (u32)REGISTER(cx);
  A2 = (u32)REGISTER(dx);
  A3 = (u32)REGISTER(si);
  A4 = (u32)REGISTER(di);
  A5 = (u32)REGISTER(bp);
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
INLINE int is_wanted(u32 slot, u32 flags) {
  struct slot *s = slots.lookup(&slot);
  return s && s->flags & flags;
}
/* The slot of a number of the 32-bit entry, or of one that only x32 has; SLOTS for none. */
INLINE u32 compat_slot(u32 number) {
  u32 *found = compat_slots.lookup(&number);
  return found && *found ? *found - 1 : SLOTS;
}
/* The slot of the call with this number if it has one of these flags, else SLOTS. The number becomes the one in the table
 * of its entry. Most calls are wanted by the numbers of neither entry, so that it need not be told which it was. */
INLINE u32 slot_of(struct call *c, u64 regs, u32 flags, u32 *number) {
  u32 native = *number & ~X32_BIT, slot = compat_slot(native);
  int is_x32s = native >= SLOTS, stands_for_others = native == I386_SOCKETCALL && slot != SLOTS;
  if (!is_wanted(slot, flags) && (is_x32s || (!is_wanted(native, flags) && !stands_for_others))) return SLOTS;
  take_thread(c);
  if (c->compat && stands_for_others) {
    *number = SOCKETCALLS + (KERNEL(u32, regs, OFF_pt_regs__bx) & 31);
    slot = compat_slot(*number);
  } else {
    *number = native;
    if (!c->compat && !is_x32s) slot = native;
  }
  return is_wanted(slot, flags) ? slot : SLOTS;
}
INLINE void keep_time(u64 now) {
  u32 tid = bpf_get_current_pid_tgid();
  enter_times.update(&tid, &now);
}
/* What Falco itself does to look at an event is left out: no rule means that, and a recording would never end. Of its
 * threads and processes all is told, or the programs that it starts would have no parent. */
INLINE int is_own(struct slot *s) {
  u64 self = setting(SETTING_SELF);
  return self && !(s->flags & FLAG_LIFE) && bpf_get_current_pid_tgid() >> 32 == self;
}
/* Every call of the host passes here, nearly all of them only as far as the first return. */
#if IN_PART(0)
int on_sys_enter(struct bpf_raw_tracepoint_args *ctx) {
  struct call *c = this_call();
  if (!c) return 0;
  u32 number = ctx->args[1], slot = slot_of(c, ctx->args[0], FLAG_REAL | FLAG_TIME, &number);
  struct slot *s = slots.lookup(&slot);
  if (!s || is_own(s)) return 0;
  if (s->flags & FLAG_TIME) keep_time(bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK));
  if (!(s->flags & FLAG_REAL)) return 0;
  start_call(c, s, slot);
  c->ret = 0;
  take_registers(c, ctx->args[0]);
  arguments(c, number);
  stamp(c);
  enters.call(ctx, slot);
  return 0;
}
#endif
#if IN_PART(1)
int on_sys_exit(struct bpf_raw_tracepoint_args *ctx) {
  struct call *c = this_call();
  if (!c) return 0;
  take_registers(c, ctx->args[0]);
  u32 number = REGISTER(orig_ax), slot = slot_of(c, ctx->args[0], FLAG_EXIT | FLAG_ENTER | FLAG_TRACK, &number);
  struct slot *s = slots.lookup(&slot);
  if (!s || is_own(s)) return 0;
  start_call(c, s, slot);
  c->ret = ctx->args[1];
  if (c->compat) c->ret = (s32)c->ret;
  arguments(c, number);
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
