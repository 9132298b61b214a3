// libnccl: sums of f32 over ranks that are threads of one process, of as many of its functions as sums of gradients call.
// They are taken when the last rank has come to them, in the order of the ranks; until then the events behind them are not
// reached. What differs from the one use that is made of it is refused: sums outside a group, of another kind or not in
// place, in a stream that has not waited for whoever filled the buffers.
//
// Numbers of enumerations, and the order of arguments, are those of NCCL 2.
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "api.h"

// ncclResult_t
enum { INVALID_ARGUMENT = 4, INVALID_USAGE = 5 };
enum { FLOAT32 = 7 };  // ncclDataType_t
enum { SUM = 0 };      // ncclRedOp_t

struct Id {
  char bytes[128];
};
struct Buffer {
  float *at;
  size_t count;
};
struct World;
struct Rank {
  World *world;
  int rank;
  /// Groups that the rank has begun and that are not summed, and the streams that wait for them.
  std::vector<std::vector<Buffer>> groups;
  std::vector<std::shared_ptr<Progress>> streams;
  Result failed = SUCCESS;
};
struct World {
  std::map<int, Rank *> ranks;
};

static std::mutex lock;
// Never destroyed: a rank whose others died may wait on it when the program ends.
static auto &joined = *new std::condition_variable();
// Ranks may still wait when the process ends.
static auto &worlds = *new std::map<uint64_t, World>();
static auto &living = *new std::set<Rank *>();

/// The group that this thread has begun.
struct Group {
  bool is_open = false;
  Rank *of = nullptr;
  Stream *stream = nullptr;
  std::vector<Buffer> buffers;
};
static thread_local Group group;

__attribute__((format(printf, 2, 3))) static Result refused(Result status, const char *why, ...) {
  va_list arguments;
  va_start(arguments, why);
  fputs("cuda-emu: nccl: ", stderr);
  vfprintf(stderr, why, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return status;
}

API Result ncclGetUniqueId(Id *id) {
  std::lock_guard<std::mutex> held(lock);
  const uint64_t number = worlds.size() + 1;
  worlds[number];
  memset(id->bytes, 0x5a, sizeof id->bytes);
  memcpy(id->bytes + sizeof id->bytes - sizeof number, &number, sizeof number);
  return SUCCESS;
}

API Result ncclCommInitRank(Rank **out, int size, Id id, int rank) {
  std::unique_lock<std::mutex> held(lock);
  uint64_t number;
  memcpy(&number, id.bytes + sizeof id.bytes - sizeof number, sizeof number);
  auto found = worlds.find(number);
  if (id.bytes[0] != 0x5a || found == worlds.end()) return refused(INVALID_ARGUMENT, "an id that is none");
  if (rank < 0 || rank >= size) return refused(INVALID_ARGUMENT, "rank %d of %d", rank, size);
  World *world = &found->second;
  if (world->ranks.count(rank)) return refused(INVALID_USAGE, "a second rank %d", rank);
  *out = world->ranks[rank] = new Rank{world, rank, {}, {}};
  living.insert(*out);
  joined.notify_all();
  joined.wait(held, [&] { return (int)world->ranks.size() == size; });
  return SUCCESS;
}

API Result ncclGroupStart() {
  if (group.is_open) return refused(INVALID_USAGE, "a group within a group");
  return group = {}, group.is_open = true, SUCCESS;
}

API Result ncclAllReduce(const void *from, void *to, size_t count, int type, int operation, Rank *of, void *stream) {
  std::lock_guard<std::mutex> held(lock);
  if (!living.count(of)) return refused(INVALID_ARGUMENT, "a communicator that has ended");
  if (!group.is_open) return refused(INVALID_USAGE, "a sum outside a group");
  if (from != to || type != FLOAT32 || operation != SUM)
    return refused(INVALID_ARGUMENT, "operation %d of type %d, from %p to %p", operation, type, from, to);
  Stream *made = made_stream(stream);
  if (!made) return refused(INVALID_USAGE, "a sum in the stream of the computation");
  if (!made->has_waited) return refused(INVALID_USAGE, "a sum of what its stream has not waited for");
  if ((group.of && group.of != of) || (group.stream && group.stream != made))
    return refused(INVALID_USAGE, "a group of several communicators or streams");
  group.of = of;
  group.stream = made;
  group.buffers.push_back({(float *)to, count});
  made->progress->note("sums " + std::to_string(count));
  return SUCCESS;
}

/// Takes the sums that all ranks have come to.
static void advance(World *world) {
  for (;;) {
    std::vector<Buffer> *first = nullptr;
    bool is_equal = true;
    for (auto &[_, rank] : world->ranks) {
      if (rank->groups.empty()) return;
      auto &own = rank->groups.front();
      if (!first) first = &own;
      is_equal = is_equal && own.size() == first->size();
      for (size_t i = 0; is_equal && i < own.size(); i++) is_equal = own[i].count == (*first)[i].count;
    }
    if (!is_equal) {
      for (auto &[_, rank] : world->ranks) rank->failed = INVALID_USAGE;
      refused(INVALID_USAGE, "ranks sum different sizes");
      return;
    }
    for (size_t i = 0; i < first->size(); i++)
      for (size_t at = 0; at < (*first)[i].count; at++) {
        float sum = 0;
        bool is_first = true;
        for (auto &[_, rank] : world->ranks) {
          const float value = rank->groups.front()[i].at[at];
          sum = is_first ? value : sum + value;
          is_first = false;
        }
        for (auto &[_, rank] : world->ranks) rank->groups.front()[i].at[at] = sum;
      }
    for (auto &[_, rank] : world->ranks) {
      rank->groups.erase(rank->groups.begin());
      rank->streams.front()->done++;
      rank->streams.erase(rank->streams.begin());
    }
  }
}

API Result ncclGroupEnd() {
  if (!group.is_open) return refused(INVALID_USAGE, "the end of no group");
  group.is_open = false;
  if (!group.of) return SUCCESS;
  std::lock_guard<std::mutex> held(lock);
  if (!living.count(group.of)) return refused(INVALID_ARGUMENT, "a communicator that has ended");
  group.stream->has_waited = false;
  group.stream->progress->note("ends the group");
  group.stream->progress->begun++;
  group.of->groups.push_back(std::move(group.buffers));
  group.of->streams.push_back(group.stream->progress);
  advance(group.of->world);
  return SUCCESS;
}

API Result ncclCommGetAsyncError(Rank *of, Result *failed) {
  std::lock_guard<std::mutex> held(lock);
  if (!living.count(of)) return refused(INVALID_ARGUMENT, "a communicator that has ended");
  return *failed = of->failed, SUCCESS;
}

static Result end(Rank *of, bool is_done) {
  std::lock_guard<std::mutex> held(lock);
  if (!living.erase(of)) return refused(INVALID_ARGUMENT, "a communicator that has ended");
  if (is_done && !of->groups.empty()) return refused(INVALID_USAGE, "the end of a communicator before its sums'");
  for (auto &stream : of->streams) stream->done++;
  of->streams.clear();
  // What the others wait for from this rank does not come.
  of->groups.clear();
  return SUCCESS;
}
API Result ncclCommDestroy(Rank *of) { return end(of, true); }
API Result ncclCommAbort(Rank *of) { return end(of, false); }

/// What was done with a stream, for tests: returns the length of what it writes.
API size_t cuda_emu_stream_log(void *stream, char *to, size_t length) {
  std::lock_guard<std::mutex> held(lock);
  Stream *made = made_stream(stream);
  return made ? snprintf(to, length, "%s", made->progress->notes().c_str()) : 0;
}
