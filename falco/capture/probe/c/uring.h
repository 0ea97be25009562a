/* Calls that come in by io_uring, which never pass sys_exit. A request is noted when it is submitted and sent when it is
 * complete, as the ordinary call that it stands for, with a mark.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
/* Kernels before 6.0 lay requests out otherwise, 5.19 only partly. */
#if defined(OFF_io_kiocb__cqe__res) && defined(OFF_io_kiocb__cmd)
#define URING_CONNECT 16 /* IORING_OP_* */
#define URING_OPENAT 18
#define URING_OPENAT2 28
#define URING_RENAMEAT 35
#define URING_UNLINKAT 36
#define URING_MKDIRAT 37
#define URING_SYMLINKAT 38
#define URING_LINKAT 39
#define URING_FIXED_FILE 1     /* REQ_F_FIXED_FILE: the fd is a place in the ring's own table */
#define URING_SILENT 0x40      /* REQ_F_CQE_SKIP: nothing is told when it succeeds, only when it fails */
#define WORKER_FLAGS 0x4010    /* PF_USER_WORKER, PF_IO_WORKER: threads of the kernel's in the process */
#define NO_FILE ((u64)-1)      /* as call.given: the file is none of the process's fds */

struct request {
  u64 arg[6], given;
  u32 slot, tid, fixed;
};
BPF_TABLE("lru_hash", u64, struct request, requests, 4096);

INLINE u64 passed_name(u64 filename) { return filename ? KERNEL(u64, filename, OFF_filename__uptr) : 0; }
#define COMMAND(type, member) KERNEL(type, command, OFF_##member)

/* What of a request is needed later; 0 for one that is none of those calls. */
INLINE int note(struct request *q, u64 req) {
  u64 command = req + OFF_io_kiocb__cmd;
  u8 opcode = KERNEL(u8, req, OFF_io_kiocb__opcode);
  if (opcode == URING_OPENAT || opcode == URING_OPENAT2) {
    q->slot = SLOT_OPENAT;
    q->arg[0] = COMMAND(s32, io_open__dfd);
    q->arg[1] = passed_name(COMMAND(u64, io_open__filename));
    q->arg[2] = COMMAND(u64, io_open__how);
    q->arg[3] = KERNEL(u64, command, OFF_io_open__how + 8);
    if (COMMAND(u32, io_open__file_slot)) q->given = NO_FILE;
  } else if (opcode == URING_RENAMEAT) {
    q->slot = SLOT_RENAMEAT2;
    q->arg[0] = COMMAND(s32, io_rename__old_dfd);
    q->arg[1] = passed_name(COMMAND(u64, io_rename__oldpath));
    q->arg[2] = COMMAND(s32, io_rename__new_dfd);
    q->arg[3] = passed_name(COMMAND(u64, io_rename__newpath));
    q->arg[4] = COMMAND(u32, io_rename__flags);
  } else if (opcode == URING_UNLINKAT) {
    q->slot = SLOT_UNLINKAT;
    q->arg[0] = COMMAND(s32, io_unlink__dfd);
    q->arg[1] = passed_name(COMMAND(u64, io_unlink__filename));
    q->arg[2] = COMMAND(u32, io_unlink__flags);
  } else if (opcode == URING_MKDIRAT) {
    q->slot = SLOT_MKDIRAT;
    q->arg[0] = COMMAND(s32, io_mkdir__dfd);
    q->arg[1] = passed_name(COMMAND(u64, io_mkdir__filename));
    q->arg[2] = COMMAND(u16, io_mkdir__mode);
  } else if (opcode == URING_SYMLINKAT) {
    q->slot = SLOT_SYMLINKAT;
    q->arg[0] = passed_name(COMMAND(u64, io_link__oldpath));
    q->arg[1] = COMMAND(s32, io_link__new_dfd);
    q->arg[2] = passed_name(COMMAND(u64, io_link__newpath));
  } else if (opcode == URING_LINKAT) {
    q->slot = SLOT_LINKAT;
    q->arg[0] = COMMAND(s32, io_link__old_dfd);
    q->arg[1] = passed_name(COMMAND(u64, io_link__oldpath));
    q->arg[2] = COMMAND(s32, io_link__new_dfd);
    q->arg[3] = passed_name(COMMAND(u64, io_link__newpath));
    q->arg[4] = COMMAND(u32, io_link__flags);
  } else if (opcode == URING_CONNECT) {
    q->slot = SLOT_CONNECT;
    q->arg[0] = KERNEL(s32, req, OFF_io_kiocb__cqe__fd);
    q->arg[1] = COMMAND(u64, io_connect__addr);
    q->arg[2] = COMMAND(u32, io_connect__addr_len);
    q->fixed = KERNEL(u32, req, OFF_io_kiocb__flags) & URING_FIXED_FILE;
  } else {
    return 0;
  }
  return 1;
}
/* A thread of the kernel's that works for a process is nobody to the reader: the process is. */
INLINE u32 submitter(void) {
  u64 ids = bpf_get_current_pid_tgid();
  return KERNEL(u32, bpf_get_current_task(), OFF_task_struct__flags) & WORKER_FLAGS ? ids >> 32 : ids;
}
/* Send a request as the call that it stands for. */
INLINE int send_request(struct bpf_raw_tracepoint_args *ctx, struct request *q, s64 ret, u64 given) {
  u32 slot = q->slot;
  struct slot *s = slots.lookup(&slot);
  struct call *c = this_call();
  if (!s || !c || !(s->flags & (FLAG_EXIT | FLAG_ENTER | FLAG_REAL | FLAG_TRACK))) return 0;
  start_call(c, s, slot);
  take_thread(c);
  c->marks = MARK_URING;
  c->tid = q->tid;
  c->given = given;
  c->ret = ret;
  A0 = q->arg[0];
  A1 = q->arg[1];
  A2 = q->arg[2];
  A3 = q->arg[3];
  A4 = q->arg[4];
  /* Its enter is always made up: nothing was sent when it was submitted. */
  if (c->flags & FLAG_REAL) c->flags |= FLAG_ENTER;
  return sift_call(ctx, c);
}
#if IN_PART(16)
int on_uring_submit(struct bpf_raw_tracepoint_args *ctx) {
  u64 req = ctx->args[0];
  struct request q = {};
  if (!note(&q, req)) return 0;
  q.tid = submitter();
  if (KERNEL(u32, req, OFF_io_kiocb__flags) & URING_SILENT) {
    /* Nothing will tell that it is done, and one that fails is the rarer. The file is not known yet. */
    return send_request(ctx, &q, 0, q.slot == SLOT_CONNECT && !q.fixed ? 0 : NO_FILE);
  }
  requests.update(&req, &q);
  return 0;
}
#endif
/* Of a request that was not noted, or not kept: it was submitted before the probe was there, or so many others were that
 * are never done. Its file or socket tells all the same what it is; names are gone by now. */
INLINE int note_late(struct request *q, u64 req) {
  if (!note(q, req)) return 0;
  q->tid = submitter();
  if (q->slot == SLOT_CONNECT) return 1;
  if (q->slot == SLOT_SYMLINKAT) q->arg[0] = q->arg[2] = 0;
  else q->arg[1] = 0;
  if (q->slot == SLOT_RENAMEAT2 || q->slot == SLOT_LINKAT) q->arg[3] = 0;
  if (q->slot != SLOT_OPENAT) count(COUNT_NAMELESS);
  return 1;
}
#if IN_PART(17)
int on_uring_complete(struct bpf_raw_tracepoint_args *ctx) {
  u64 req = ctx->args[1];
  struct request done = {}, *q = req ? requests.lookup(&req) : 0;
  if (q) {
    done = *q;
    requests.delete(&req);
  } else if (!req || !note_late(&done, req)) {
    return 0;
  }
  /* Which file of the ring's own it is, the request knows only once it was begun. */
  u64 file = done.fixed ? KERNEL(u64, req, OFF_io_kiocb__file) : 0;
  return send_request(ctx, &done, KERNEL(s32, req, OFF_io_kiocb__cqe__res), file ? file : done.fixed ? NO_FILE : done.given);
}
#endif
#endif
