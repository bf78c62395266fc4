// The team of threads that shares a call: torch's own, where torch runs on OpenMP, else one of ours that sleeps between
// calls. Two pools would fight: OpenMP's workers spin on their cores for a while after each of torch's operations, and
// ours would find them taken.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace elman {

// Where the members of a team wait for each other inside one call. A step can take less than a microsecond, so a member
// spins first; then it sleeps, for the one waited for may need its core.
class Barrier {
  public:
    explicit Barrier(int members) : members_(members) {}
    void wait();

  private:
    const int members_;
    std::atomic<int> arrived_{0};
    std::atomic<uint32_t> round_{0};
    std::mutex mutex_;
    std::condition_variable next_round_;
};

// The entry points of the OpenMP library that torch runs on, by the names it exports them under.
struct OpenMP {
    void (*GOMP_parallel)(void (*work)(void*), void* argument, unsigned threads, unsigned flags);
    int (*omp_get_thread_num)();
    int (*omp_get_num_threads)();
    int (*omp_in_parallel)();
};

// From now on teams are OpenMP's.
void borrow_threads(const OpenMP& openmp);

// Takes threads for the life of this object. `size()` is what was got, at most `wanted`: 1 inside another team, and while
// another thread holds our workers. Safe after fork(): in the child OpenMP's threads are gone for good, and it starts
// workers of ours.
class Team {
  public:
    explicit Team(int wanted);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const { return size_; }

    // Runs work(argument, member) for each member, 0 on the calling thread; returns when all are done.
    void run(void (*work)(void* argument, int member), void* argument);

  private:
    int size_ = 1;
    bool borrowed_ = false, holds_workers_ = false;
};

}  // namespace elman
