// A team of threads that sleeps between calls: torch's own threads never find a core taken by ours.
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

// Takes the process's workers for the life of this object. `size()` is what was got, at most `wanted`: 1 inside another
// team, and while another thread holds the workers. Safe after fork(): the child starts workers of its own.
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
    bool holds_workers_ = false;
};

}  // namespace elman
