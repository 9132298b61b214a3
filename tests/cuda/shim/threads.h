// How a block's threads run on a CPU.
//
// Every CUDA thread that meets a barrier or an operation of its warp has a fiber: a stack of its own, switched to and from
// without the operating system. Threads that meet none run one after the other on one fiber. A block's fibers share one
// thread of the operating system, so that `__shared__` can be a `thread_local` variable.
//
// Included by shim.h, which has included what it needs: the standard library's headers do not stand CUDA's qualifiers.
#pragma once
// Under ThreadSanitizer a CUDA thread is a fiber of its too, and only barriers order fibers: it reports races in shared and
// in global memory, as compute-sanitizer's racecheck does on a GPU. Races between blocks are not seen.
#if defined(__SANITIZE_THREAD__)
extern "C" {
void *__tsan_create_fiber(unsigned);
void __tsan_switch_to_fiber(void *, unsigned);
void *__tsan_get_current_fiber();
void __tsan_acquire(void *);
void __tsan_release(void *);
}
#define EMU_TSAN(x) x
#define EMU_RAW __attribute__((no_sanitize("thread"), noinline))
#else
#define EMU_TSAN(x)
#define EMU_RAW inline
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define EMU_UCONTEXT 1  // the sanitizers do not take longjmp from one stack to another
#endif

namespace emu {

enum Wait { RUN, BLOCK, WARP, DONE };

struct Thread {
  dim3 tid;
  unsigned lin;
  Wait wait;
  unsigned mask;     // of the warp operation it waits at
  const char *what;  // the operation it waits at
  unsigned bar, wbar;
};

struct Fiber {
  jmp_buf jb;
  ucontext_t uc;
  char *stack;
  Thread *t;
  bool started;
  void *tsan;
};

struct WarpBuf {
  uint64_t v[2][32];
  unsigned op[32];
  char token[2];
};

// The block that runs on this thread of the operating system.
struct State {
  dim3 bid, bdim, gdim;
  Thread *cur = nullptr;
  unsigned char *dyn = nullptr;
  std::vector<Thread> th;
  std::vector<WarpBuf> warp;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Fiber *> idle, busy;
  std::vector<Fiber *> spent;  // idle once the block is at its end: no two of its threads share a fiber of ThreadSanitizer
  Fiber *fib = nullptr;
  jmp_buf sched;
  ucontext_t sched_uc;
  void *tsan = nullptr;
  char token[2] = {}, end_token = 0;
  const std::function<void()> *body = nullptr;
  std::vector<unsigned> order;
  size_t next = 0;
};
inline thread_local State S;
constexpr size_t STACK = 256 << 10;

EMU_RAW static void to_sched(Fiber *f) {
  EMU_TSAN(__tsan_switch_to_fiber(S.tsan, 1);)
#ifdef EMU_UCONTEXT
  swapcontext(&f->uc, &S.sched_uc);
#else
  if (!_setjmp(f->jb)) _longjmp(S.sched, 1);
#endif
}

EMU_RAW static void fiber_main() {
  for (;;) {
    while (S.next < S.order.size()) {
      Thread &t = S.th[S.order[S.next++]];
      S.fib->t = S.cur = &t;
      (*S.body)();
      S.cur->wait = DONE;
      EMU_TSAN(__tsan_release(&S.end_token); break;)  // a fiber for each thread
    }
    S.fib->t = nullptr;
    to_sched(S.fib);
  }
}

// Runs f until it waits, or has no more threads to run.
EMU_RAW static void resume(Fiber *f) {
  S.fib = f;
  S.cur = f->t;
  bool first = !f->started, begins = !f->t;
  if (first) {
    f->started = true;
    getcontext(&f->uc);
    f->uc.uc_stack.ss_sp = f->stack;
    f->uc.uc_stack.ss_size = STACK;
    f->uc.uc_link = nullptr;
    makecontext(&f->uc, (void (*)())fiber_main, 0);
    EMU_TSAN(f->tsan = __tsan_create_fiber(0);)
  }
  // A thread begins after all that went before its block; when it goes on, nothing but barriers orders it.
  EMU_TSAN(S.tsan = __tsan_get_current_fiber(); __tsan_switch_to_fiber(f->tsan, begins ? 0 : 1);)
#ifdef EMU_UCONTEXT
  swapcontext(&S.sched_uc, &f->uc);
#else
  if (_setjmp(S.sched)) return;
  if (first) setcontext(&f->uc);
  _longjmp(f->jb, 1);
#endif
}

EMU_RAW static void wait(Wait w, unsigned mask, const char *what, bool fence = true) {
  Fiber *f = S.fib;
  Thread *t = S.cur;
  (void)fence;
  t->wait = w;
  t->mask = mask;
  t->what = what;
  // Two tokens in turn: a thread may be at the next barrier before another has left this one.
  EMU_TSAN(char *tok = w == BLOCK ? &S.token[t->bar++ & 1] : &S.warp[t->lin / 32].token[t->wbar++ & 1];
           if (fence) __tsan_release(tok);)
  to_sched(f);
  EMU_TSAN(if (fence) __tsan_acquire(tok);)
}

inline Fiber *get_fiber() {
  if (S.idle.empty()) {
    auto f = std::make_unique<Fiber>();
    f->stack = (char *)mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (f->stack == MAP_FAILED) abort();
    mprotect(f->stack, 4096, PROT_NONE);  // a stack that overflows ends the program
    f->started = false;
    f->t = nullptr;
    f->tsan = nullptr;
    S.idle.push_back(f.get());
    S.fibers.push_back(std::move(f));
  }
  Fiber *f = S.idle.back();
  S.idle.pop_back();
  return f;
}

inline void put_fiber(Fiber *f) {
#ifdef __SANITIZE_THREAD__
  auto &done = S.spent;
#else
  auto &done = S.idle;
#endif
  (f->t ? S.busy : done).push_back(f);
}

// Lets those go whose barrier is complete; false where there are none.
inline bool release() {
  size_t live = 0, at = 0;
  bool any = false;
  for (auto &t : S.th) {
    live += t.wait != DONE;
    at += t.wait == BLOCK;
  }
  if (live && at == live) {
    for (auto &t : S.th)
      if (t.wait == BLOCK) t.wait = RUN;
    return true;
  }
  for (size_t w = 0; w * 32 < S.th.size(); w++) {
    size_t n = std::min<size_t>(32, S.th.size() - w * 32);
    Thread *t = &S.th[w * 32];
    for (size_t l = 0; l < n; l++) {
      if (t[l].wait != WARP) continue;
      unsigned m = t[l].mask;
      bool all = true;
      for (size_t k = 0; k < n; k++)
        if (m >> k & 1)
          all &= t[k].wait == DONE || (t[k].wait == WARP && t[k].mask == m && !strcmp(t[k].what, t[l].what));
      if (!all) continue;
      for (size_t k = 0; k < n; k++)
        if ((m >> k & 1) && t[k].wait == WARP) t[k].wait = RUN;
      any = true;
    }
  }
  return any;
}

inline void run_block() {
  size_t n = (size_t)S.bdim.x * S.bdim.y * S.bdim.z;
  S.th.resize(n);
  S.warp.assign((n + 31) / 32, WarpBuf{});
  for (size_t i = 0; i < n; i++)
    S.th[i] = {dim3(i % S.bdim.x, i / S.bdim.x % S.bdim.y, i / S.bdim.x / S.bdim.y), (unsigned)i, RUN, 0, "", 0, 0};
  S.next = 0;
  while (S.next < n) {
    Fiber *f = get_fiber();
    resume(f);
    put_fiber(f);
  }
  while (!S.busy.empty()) {
    if (!release()) {
      std::string m = "deadlock in block (" + std::to_string(S.bid.x) + "," + std::to_string(S.bid.y) + "," +
                      std::to_string(S.bid.z) + "):";
      for (auto &t : S.th)
        if (t.wait != DONE && m.size() < 400) m += " thread " + std::to_string(t.lin) + " at " + t.what + ";";
      throw std::runtime_error(m);
    }
    auto b = std::move(S.busy);
    S.busy.clear();
    for (Fiber *f : b) {
      if (f->t->wait == RUN) resume(f);
      put_fiber(f);
    }
  }
  EMU_TSAN(__tsan_acquire(&S.end_token);)
  S.idle.insert(S.idle.end(), S.spent.begin(), S.spent.end());
  S.spent.clear();
}

// A block's threads start in the order of seed 0, from the last to the first with 1, and shuffled with any other: a missing
// barrier shows in one of them.
inline std::vector<unsigned> order_of(size_t n, unsigned seed) {
  std::vector<unsigned> order(n);
  for (size_t i = 0; i < n; i++) order[i] = seed == 1 ? n - 1 - i : i;
  uint64_t r = seed * 0x9E3779B97F4A7C15ull;
  if (seed > 1)
    for (size_t i = n - 1; i > 0; i--) {
      r ^= r << 13;
      r ^= r >> 7;
      r ^= r << 17;
      std::swap(order[i], order[r % (i + 1)]);
    }
  return order;
}

inline void launch(dim3 grid, dim3 block, size_t shmem, unsigned seed, const std::function<void()> &body) {
  S.gdim = grid;
  S.bdim = block;
  S.body = &body;
  size_t n = (size_t)block.x * block.y * block.z;
  if (n == 0 || n > 1024) throw std::runtime_error("bad block size");
  S.order = order_of(n, seed);
  std::vector<uint64_t> dyn(shmem / 8 + 2);
  S.dyn = (unsigned char *)(((uintptr_t)dyn.data() + 15) & ~(uintptr_t)15);
  for (unsigned z = 0; z < grid.z; z++)
    for (unsigned y = 0; y < grid.y; y++)
      for (unsigned x = 0; x < grid.x; x++) {
        S.bid = dim3(x, y, z);
        memset(S.dyn, 0xff, shmem);  // NaNs: shared memory that is read before it is written shows
        run_block();
      }
}

template <class... A, size_t... I>
void call(void (*k)(A...), void **a, std::index_sequence<I...>) {
  k(*(std::remove_cv_t<std::remove_reference_t<A>> *)a[I]...);
}

template <class... A>
int launch_args(void (*k)(A...), const unsigned *g, const unsigned *b, size_t shmem, unsigned seed, void **args, char *err,
                size_t err_len) {
  try {
    launch(dim3(g[0], g[1], g[2]), dim3(b[0], b[1], b[2]), shmem, seed,
           [=] { call(k, args, std::index_sequence_for<A...>{}); });
    return 0;
  } catch (const std::exception &e) {
    S.busy.clear();
    S.idle.clear();
    S.spent.clear();
    snprintf(err, err_len, "%s", e.what());
    return 1;
  }
}

// The word of lane src.
EMU_RAW static uint64_t xchg_raw(unsigned mask, uint64_t raw, int src, const char *what) {
  Thread *t = S.cur;
  WarpBuf *w = &S.warp[t->lin / 32];
  unsigned lane = t->lin % 32;
  unsigned p = w->op[lane]++ & 1;
  w->v[p][lane] = raw;
  wait(WARP, mask, what, false);
  return src < 0 || src > 31 || !(mask >> src & 1) ? raw : w->v[p][src];
}

template <class T>
T xchg(unsigned mask, T v, int src, const char *what) {
  static_assert(sizeof(T) <= 8, "");
  uint64_t raw = 0;
  memcpy(&raw, &v, sizeof v);
  raw = xchg_raw(mask, raw, src, what);
  memcpy(&v, &raw, sizeof v);
  return v;
}

EMU_RAW static unsigned ballot_raw(unsigned m, int pred) {
  Thread *t = S.cur;
  WarpBuf *w = &S.warp[t->lin / 32];
  unsigned r = 0, p = w->op[t->lin % 32] & 1;
  xchg_raw(m, pred != 0, t->lin % 32, "__ballot_sync");
  for (unsigned k = 0; k < 32; k++)
    if (m >> k & 1) r |= (unsigned)(w->v[p][k] & 1) << k;
  return r;
}

// Real atomics, so that ThreadSanitizer knows them as such.
template <class T, class F>
T atomic(T *p, F f) {
  T o, n;
  __atomic_load(p, &o, __ATOMIC_RELAXED);
  do n = f(o);
  while (!__atomic_compare_exchange(p, &o, &n, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return o;
}

}  // namespace emu
