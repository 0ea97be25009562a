/* The probe's runtime: maps, the record under construction, parameters and blocks.
 *
 * A record is one or two event blocks as a .scap file has them (EV_BLOCK_V2): the enter of a call, where it is asked
 * for, and its exit. It is built in memory of this CPU and then copied into the ring buffer at once; tracepoints run
 * with preemption off, so nothing else builds a record here meanwhile.
 *
 * Positions live in map memory, not in registers: only so does the verifier of every kernel follow them. Each write
 * bounds its position again; what no longer fits becomes an empty parameter.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
/* The text can be compiled in PARTS at once, each with some of the programs. */
#ifndef PARTS
#define PARTS 1
#define PART 0
#endif
#define IN_PART(number) ((number) % PARTS == PART)

#define INLINE static __always_inline
#define RECORD_SIZE 32768 /* the largest per-CPU value that the kernel gives */
#define LONGEST 4096      /* bytes of the longest parameter, PATH_MAX and 0.15's limit for arguments */
#define LAST_START (RECORD_SIZE - LONGEST - 64)
#define LAST_END (RECORD_SIZE - 16)
#define BLOCK_TYPE 0x216
#define BLOCK_HEAD 10  /* u32 type, u32 length, u16 cpu */
#define EVENT_HEAD 26  /* u64 ts, u64 tid, u32 length, u16 code, u32 nparams */
#define WALK_SIZE 8192 /* where paths are put together, from the end of the first half backwards */
#define SLOTS 512
#define COMPAT_SLOTS 576 /* i386's numbers, and from SLOTS on those that only the x32 entry has */
#define MOST_FACTS 6

/* Whether structures are read without calling anything (IN below). */
#if defined(TAKE_FOR) && !defined(BY_CALLS)
#define DIRECTLY
#endif

struct record {
  u8 data[RECORD_SIZE];
};
struct walk {
  u8 data[WALK_SIZE];
};
/* A path that the call was given: its role, and the directory that it resolves from. */
struct base {
  u64 name;
  s32 dirfd;
  u32 role;
};
/* A name as far as it was read: where it begins behind slashes, where its last part does, how long that is and how much
 * of it are dots, how many slashes stand before that, and whether any part is empty or only dots. */
struct scan {
  u32 start, last, size, dots, inner, odd;
};
/* Where a walk up a path stands: at which entry, below which mount, and where that begins. It lies in map memory, as the
 * verifier would follow each way there by itself if it knew what these addresses are of. */
struct place {
  u64 dentry, mount, root;
};
/* What is known of the call at hand. Filled by the dispatchers, read and added to by the programs they call. */
struct call {
  u64 task, ts, enter_ts, file;
#ifdef DIRECTLY
  u64 regs; /* where the caller's registers are */
#else
  u64 regs[(OFF_pt_regs__orig_ax + 8) / 8]; /* they themselves, as far as they tell of the call */
#endif
  u64 arg[6];
  u64 fds; /* where the files of the thread's fds are */
  u32 most_fds, compat; /* compat: it came in by the 32-bit entry */
  s64 ret, fd;
  u32 pos, lengths, first, block, walked; /* first: where the lengths end and the parameters begin */
  u64 met, met_last;      /* the tests that a path meets which is known, and those that one's last part does */
  u64 unmet, levels;      /* the tests that a path does not meet, and which numbers of slashes there are: a bit for each */
  u64 is, isnt;           /* the tests of what the thread is that hold, and those that do not */
  u32 asked;              /* that it was tried to know these */
  u32 looked;             /* that it was tried to know these */
  u32 names, paths;       /* how many paths are to be looked at of those that the call was given, how many paths were */
  u32 partly;             /* of a path only the last part was looked at */
  u32 named;              /* NAMED_*: the path to look at is one that the call was given */
  u32 verbatim;           /* such a path counts as it stands, wherever it may lead: nothing was found there */
  u64 starts_at;          /* and this is where the kernel keeps which directory it starts in */
  struct scan scan;
  struct place place;
  u32 nameless;           /* what was walked has no directory: a memfd, a pipe and their like */
  u32 slot, flags, generic, marks, snaplen, tid;
  u64 given;              /* the file itself, where the fd does not lead to it */
  u32 then;               /* after this block the exit's is to follow */
  u32 has_fd;             /* a fact about fd is to follow the parameters */
  u32 bases, based;       /* how many facts about paths are to follow, and how many did */
  u32 tells_names;        /* the event has no parameters for the paths as they were passed */
  struct base base[2];
  u32 cut;                /* a parameter had no room any more */
  u64 filename;
  u32 code, nparams, next; /* of a record about a process: its event, and the step that ends it */
  u32 filename_in_kernel;
};
struct slot {
  u32 flags; /* FLAG_*, 0 for a call that nobody wants */
  u16 generic, pad; /* the code that the generic event carries */
};
#define FLAG_EXIT 1   /* send the exit */
#define FLAG_ENTER 2  /* send the enter too, made up at the exit */
#define FLAG_REAL 4   /* send the enter when the call is entered */
#define FLAG_TIME 8   /* keep the time of the enter for the exit */
#define FLAG_SIEVE 32 /* a sieve looks at the call before it is sent */
#define FLAG_TRACK 16 /* the probe learns from the call, even if it is not sent */
#define FLAG_MOVES 64 /* paths may lead elsewhere after the call */
#define FLAG_LIFE 128 /* it changes what a process is */
#define MARK_COMPAT 1 /* the call came in by the 32-bit entry */
#define MARK_URING 2
#define MARK_SIFTED 4 /* the sieve would have kept it back */
#define MARK_FAST_OPEN 8 /* it sent, and so made the connection */

BPF_RINGBUF_OUTPUT(ring, RING_PAGES);
BPF_PERCPU_ARRAY(records, struct record, 1);
BPF_PERCPU_ARRAY(walks, struct walk, 1);
BPF_PERCPU_ARRAY(current_call, struct call, 1);
BPF_PERCPU_ARRAY(counts, u64, 16);
BPF_ARRAY(settings, u64, 8);
BPF_ARRAY(slots, struct slot, SLOTS);
BPF_ARRAY(compat_slots, u32, COMPAT_SLOTS);
BPF_PROG_ARRAY(exits, SLOTS);
BPF_PROG_ARRAY(enters, SLOTS);
BPF_PROG_ARRAY(sieves, SLOTS);
BPF_PROG_ARRAY(steps, 16);
BPF_TABLE("lru_hash", u32, u64, enter_times, 32768);

/* counts: how many records were sent, and how many were lost by which cause. */
#define COUNT_SENT 0
#define COUNT_RING_FULL 1
#define COUNT_TOO_LONG 2
#define COUNT_NO_SCRATCH 3
#define COUNT_NO_STEP 4
#define COUNT_NAMELESS 5 /* sent, but without the names that it was about */
#define COUNT_MOVED 6    /* kept back by the sieve, though paths may lead elsewhere since */
/* settings */
#define SETTING_CLOCK 0 /* ns from the boot clock to the wall clock */
#define SETTING_SNAPLEN 1
#define SETTING_ROWS 3   /* where the sieve's table begins */
#define SETTING_SHADOW 4 /* send what the sieve would keep back, marked */
#define SETTING_TRAITS 5 /* which list of tests of threads the sieves are made for */
#define SETTING_SELF 2 /* our own process, whose calls are left out (is_own), or 0 */
/* steps: programs that finish a record */
#define STEP_FD 0
#define STEP_PATHS 1
#define STEP_LOOK 2
#define STEP_PROCESS 3
#define STEP_GROUPS 4
#define STEP_EXEC 5
#define STEP_CLONE 6
#define STEP_LOOK_AT_NAME 7

INLINE void count(int which) {
  u64 *n = counts.lookup(&which);
  if (n) *n += 1;
}
INLINE u64 setting(int which) {
  u64 *value = settings.lookup(&which);
  return value ? *value : 0;
}

/* The kernel's functions that read memory, by names of our own: at each mention of its own names bcc looks through all
 * symbols of the kernel whether it has them, which took two thirds of the time to compile. All of them are of 5.5. */
static long (*read_user)(void *to, u32 size, const void *from) = (void *)BPF_FUNC_probe_read_user;
static long (*read_kernel)(void *to, u32 size, const void *from) = (void *)BPF_FUNC_probe_read_kernel;
static long (*read_user_str)(void *to, u32 size, const void *from) = (void *)BPF_FUNC_probe_read_user_str;
static long (*read_kernel_str)(void *to, u32 size, const void *from) = (void *)BPF_FUNC_probe_read_kernel_str;

/* A value of any kernel address; 0 where it cannot be read. bcc must not see these reads, it would rewrite them. */
#define KERNEL(type, address, offset) \
  ({ type value_ = 0; read_kernel(&value_, sizeof(type), (void *)((u64)(address) + (offset))); value_; })
#define USER(type, address) \
  ({ type value_ = 0; read_user(&value_, sizeof(type), (void *)(u64)(address)); value_; })
/* The same of a structure whose type the verifier knows: no function is called for it. bcc must not see it either. */
#define MEMBER(type, pointer, offset) \
  ({ type value_; asm volatile("%0 = *(" #type " *)(%1 + %2)" : "=r"(value_) : "r"(pointer), "i"(offset)); value_; })
/* The same of an address that is taken for that of a structure: what cannot be read is 0 there too. Where the kernel
 * does not let us (see layout.py) a function is called for each member. */
#ifdef DIRECTLY
static u64 (*take_for)(u64 address, u32 structure) = (void *)TAKE_FOR;
#define IN(structure, type, address, offset) MEMBER(type, take_for((u64)(address), TYPE_##structure), offset)
#else
#define IN(structure, type, address, offset) KERNEL(type, address, offset)
#endif
#define STORE(type, r, at, value) (*(type *)((r)->data + (at)) = (type)(value))

/* bcc allows no map functions in macros. */
INLINE struct record *this_record(void) {
  int zero = 0;
  return records.lookup(&zero);
}
INLINE struct call *this_call(void) {
  int zero = 0;
  return current_call.lookup(&zero);
}
INLINE struct walk *this_walk(void) {
  int zero = 0;
  return walks.lookup(&zero);
}
#define HERE \
  struct record *r = this_record(); \
  struct call *c = this_call(); \
  struct walk *w = this_walk(); \
  if (!r || !c || !w) return 0;

/* A position that leaves room for LONGEST. In 64 bits: of a 32-bit value the compiler compares a shifted copy, and the
 * verifier learns nothing of the value itself. */
INLINE u64 bounded(u64 pos) {
  asm volatile("" : "+r"(pos));
  if (pos > LAST_START) pos = LAST_START;
  asm volatile("" : "+r"(pos));
  return pos;
}
/* A size that is known to be less than 256. The verifier has to see it, the compiler would leave it out. */
INLINE u64 short_size(u64 size) {
  asm volatile("" : "+r"(size));
  return size & 0xff;
}
/* Where the next parameter's bytes go. */
INLINE u64 here(struct call *c) { return bounded(c->pos); }
INLINE void length(struct record *r, struct call *c, u32 bytes) {
  u64 at = bounded(c->lengths);
  STORE(u16, r, at, bytes);
  c->lengths = at + 2;
}
/* Take up a parameter of so many bytes that have been written at here(). */
INLINE void took(struct record *r, struct call *c, u32 bytes) {
  if (c->pos > LAST_START) {
    c->cut = 1;
    bytes = 0;
  }
  c->pos += bytes;
  length(r, c, bytes);
}
#define P_EMPTY took(r, c, 0)
#define P(type, value) \
  do { \
    u64 at_ = here(c); \
    STORE(type, r, at_, value); \
    took(r, c, sizeof(type)); \
  } while (0)
#define U8(value) P(u8, value)
#define U16(value) P(u16, value)
#define U32(value) P(u32, value)
#define U64(value) P(u64, value)
#define S32(value) P(s32, value)
#define S64(value) P(s64, value)
#define FD(value) P(s64, (s32)(value))
#define PID(value) P(s64, (s32)(value))
/* Text of the caller's memory with its NUL; an unreadable one is empty. */
#define TEXT(address) \
  do { \
    u64 at_ = here(c); \
    long n_ = read_user_str(r->data + at_, LONGEST, (void *)(u64)(address)); \
    took(r, c, n_ < 0 ? 0 : n_); \
  } while (0)
#define KERNEL_TEXT(address, limit) \
  do { \
    u64 at_ = here(c); \
    long n_ = read_kernel_str(r->data + at_, limit, (void *)(u64)(address)); \
    took(r, c, n_ < 0 ? 0 : n_); \
  } while (0)

/* Bytes of the caller's memory, at most limit (a constant up to LONGEST). */
INLINE void bytes_of(struct record *r, struct call *c, u64 address, u64 size, u32 limit) {
  u64 at = here(c);
  if (size > limit) size = limit;
  asm volatile("" : "+r"(size));
  if (size > LONGEST) size = LONGEST;
  if (size && read_user(r->data + at, size, (void *)address)) size = 0;
  took(r, c, size);
}

/* Begin a block at the next four-byte boundary. */
INLINE void begin(struct record *r, struct call *c, u16 code, u64 ts, u32 nparams) {
  c->pos = (c->pos + 3) & ~3u;
  u64 at = here(c);
  c->block = at;
  STORE(u32, r, at, BLOCK_TYPE);
  STORE(u16, r, at + 8, bpf_get_smp_processor_id());
  STORE(u64, r, at + BLOCK_HEAD, ts);
  STORE(u64, r, at + BLOCK_HEAD + 8, c->tid);
  STORE(u16, r, at + BLOCK_HEAD + 20, code);
  STORE(u32, r, at + BLOCK_HEAD + 22, nparams);
  c->lengths = at + BLOCK_HEAD + EVENT_HEAD;
  c->first = c->lengths + 2 * nparams;
  c->pos = c->first;
}
/* End the block: its two lengths, and the length of the event in it. Facts whose program was left out are empty. */
INLINE void end(struct record *r, struct call *c) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOST_FACTS; i++) {
    if (c->lengths >= c->first) break;
    length(r, c, 0);
  }
  u64 start = bounded(c->block), pos = c->pos;
  /* The last parameter may end behind where one could begin. */
  asm volatile("" : "+r"(pos));
  if (pos > LAST_END) pos = LAST_END;
  asm volatile("" : "+r"(pos));
  STORE(u32, r, start + BLOCK_HEAD + 16, pos - start - BLOCK_HEAD);
  u64 tail = (pos + 3) & ~3ull;
  STORE(u32, r, tail, tail + 4 - start);
  STORE(u32, r, start + 4, tail + 4 - start);
  c->pos = tail + 4;
}
INLINE int submit(struct record *r, struct call *c) {
  u64 size = c->pos;
  asm volatile("" : "+r"(size));
  if (size > RECORD_SIZE) size = RECORD_SIZE;
  void *from = r->data;
  /* The reader looks by itself every few milliseconds: waking it per event would double the cost. */
  if (ring.ringbuf_output(from, size, 1 /* BPF_RB_NO_WAKEUP */)) count(COUNT_RING_FULL);
  else count(COUNT_SENT);
  if (c->cut) {
    c->cut = 0;
    count(COUNT_TOO_LONG);
  }
  return 0;
}
INLINE void step(void *ctx, int which) {
  steps.call(ctx, which);
  count(COUNT_NO_STEP);
}
