/* What threads are, as far as rules ask: found out in user space, whose state it is, and told to the probe as bits.
 *
 * What is told holds as of an event of the thread. Calls that change any of it are noted by their time, so that it is
 * not believed once the thread has changed: until user space has seen the change and tells anew, nothing is known.
 *
 * SPDX-License-Identifier: MIT OR GPL-2.0-only
 */
#define MOST_THREADS 32768 /* nothing is known of those that find the table full, so they pass */
#define ALL_TRAITS (~0ull)

struct traits {
  u64 as_of; /* the time of the event */
  u64 bits;
  u32 list, pad; /* which list of tests the bits are of */
};
BPF_TABLE("hash", u32, u64, changed_at, MOST_THREADS);
BPF_TABLE("hash", u32, struct traits, told_traits, MOST_THREADS);

/* A thread becomes another to rules, or is new. */
INLINE void change_thread(u32 tid) {
  u64 now = bpf_ktime_get_boot_ns() + setting(SETTING_CLOCK);
  changed_at.update(&tid, &now);
}
INLINE void thread_changes(void) { change_thread(bpf_get_current_pid_tgid()); }
INLINE void thread_ends(u32 tid) { changed_at.delete(&tid); }
/* A program is begun by the thread that had this number. If it was not its process's first it has that one's now, and
 * nothing else tells that its own is free. */
INLINE void thread_begins_program(u32 before) {
  if (before != (u32)bpf_get_current_pid_tgid()) thread_ends(before);
  thread_changes();
}
INLINE void know_no_traits(struct call *c) { c->is = c->isnt = ALL_TRAITS; }
/* Which of the tests that are asked for hold for the call's thread, and which do not; 0 if that is not known. */
INLINE int know_traits(struct call *c) {
  u32 tid = c->tid ? c->tid : (u32)bpf_get_current_pid_tgid();
  struct traits *told = told_traits.lookup(&tid);
  if (!told || told->list != (u32)setting(SETTING_TRAITS)) return 0;
  u64 *changed = changed_at.lookup(&tid);
  if (!changed || told->as_of < *changed) return 0;
  c->is = told->bits;
  c->isnt = ~told->bits;
  return 1;
}
