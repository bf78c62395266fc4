// The threads that share a call: torch's own, where torch runs on OpenMP, else a pool of ours that sleeps between
// calls. Two pools would compete: OpenMP's threads spin on their cores for a while after each of torch's operations,
// and ours would have to wait for those cores.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace elman {

// Makes the threads of a team wait for each other inside one call. A step can take less than a microsecond, so a thread
// spins first; then it sleeps, because the thread it waits for may need its core.
class Barrier {
  public:
    explicit Barrier(int threads) : threads_(threads) {}
    void wait();

  private:
    const int threads_;
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

// Makes every team from now on run on OpenMP's threads.
void use_openmp(const OpenMP& openmp);

// Holds threads for the life of this object: size() of them, at most `wanted`; 1 inside another team, and while another
// thread holds our pool. Safe after fork(): the child has none of OpenMP's threads, and starts a pool of ours.
class Team {
  public:
    explicit Team(int wanted);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const { return size_; }

    // Runs work(argument, thread) for each thread, 0 on the calling one; returns when all are done.
    void run(void (*work)(void* argument, int thread), void* argument);

  private:
    int size_ = 1;
    bool uses_openmp_ = false;
    bool holds_workers_ = false;
};

}  // namespace elman
