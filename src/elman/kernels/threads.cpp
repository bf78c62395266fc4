#include "threads.h"

#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>
#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace elman {
namespace {

inline void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// About 0.4 ms. In a virtual machine a core that fell asleep takes a tenth of that to come back, at every meeting anew:
// with 2,000, an RNN at 32,64,64,128 took 8.0 ms after a pause of 10 ms, and with 20,000 4.5.
constexpr int spins_before_sleep = 20000;

thread_local bool inside_team = false;

int current_cpu() {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

// Linux likes to wake a thread on the core of the one that wakes it, which here goes on working: until the balance is
// seen to, both share that core and the other one idles (measured: twice the time, for milliseconds). So a worker that
// finds itself there goes to another core, and is then free to be moved again.
void leave_cpu(int cpu, int member) {
#if defined(__linux__)
    cpu_set_t allowed, other;
    if (cpu < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    std::vector<int> others;
    for (int candidate = 0; candidate < CPU_SETSIZE; candidate++)
        if (candidate != cpu && CPU_ISSET(candidate, &allowed)) others.push_back(candidate);
    if (others.empty()) return;
    CPU_ZERO(&other);
    CPU_SET(others[static_cast<std::size_t>(member - 1) % others.size()], &other);
    sched_setaffinity(0, sizeof other, &other);
    sched_setaffinity(0, sizeof allowed, &allowed);
#else
    static_cast<void>(cpu), static_cast<void>(member);
#endif
}

class Workers {
  public:
    // Starts threads until there are `count`, or as many as the system gives.
    int grow(int count) {
        while (static_cast<int>(started_) < count) {
            try {
                const int member = static_cast<int>(started_) + 1;
                std::thread([this, member, seen = job_] { serve(member, seen); }).detach();
            } catch (const std::system_error&) {
                break;
            }
            started_++;
        }
        return static_cast<int>(started_) < count ? static_cast<int>(started_) : count;
    }

    void run(int team, void (*work)(void*, int), void* argument) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            work_ = work, argument_ = argument, team_ = team;
            running_.store(team - 1, std::memory_order_relaxed);
            caller_cpu_ = current_cpu();
            job_++;
        }
        wake_.notify_all();
        std::this_thread::yield();  // to a worker that was woken on this core, so that it can leave it
        work(argument, 0);
        for (int spin = 0; spin < spins_before_sleep; spin++) {
            if (running_.load(std::memory_order_acquire) == 0) return;
            pause();
        }
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return running_.load(std::memory_order_acquire) == 0; });
    }

  private:
    void serve(int member, uint64_t seen) {
        inside_team = true;
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return job_ != seen; });
            seen = job_;
            if (member >= team_) continue;
            auto* work = work_;
            auto* argument = argument_;
            const int caller_cpu = caller_cpu_;
            lock.unlock();
            if (current_cpu() == caller_cpu) leave_cpu(caller_cpu, member);
            work(argument, member);
            const bool last = running_.fetch_sub(1, std::memory_order_acq_rel) == 1;
            lock.lock();
            if (last) done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    void (*work_)(void*, int) = nullptr;
    void* argument_ = nullptr;
    int team_ = 0, caller_cpu_ = -1;
    std::atomic<int> running_{0};
    uint64_t job_ = 0;
    std::size_t started_ = 0;
};

// Never destroyed: a detached worker may outlive main(). A forked child has none of its parent's threads, so it
// forgets this object (whose mutex may be held by a thread that does not exist there) and makes another.
std::atomic<Workers*> workers{nullptr};
std::atomic<bool> taken{false};

void forget_parent() {
    workers.store(nullptr);
    taken.store(false);
    inside_team = false;
}

Workers* process_workers() {
    Workers* found = workers.load(std::memory_order_acquire);
    if (found == nullptr) {
        static const int registered = pthread_atfork(nullptr, nullptr, forget_parent);
        static_cast<void>(registered);
        found = new Workers;
        workers.store(found, std::memory_order_release);
    }
    return found;
}

}  // namespace

void Barrier::wait() {
    if (members_ == 1) return;
    const uint32_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
        arrived_.store(0, std::memory_order_relaxed);
        {
            std::lock_guard<std::mutex> lock(mutex_);
            round_.store(round + 1, std::memory_order_release);
        }
        next_round_.notify_all();
        return;
    }
    for (int spin = 0; spin < spins_before_sleep; spin++) {
        if (round_.load(std::memory_order_acquire) != round) return;
        pause();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    next_round_.wait(lock, [&] { return round_.load(std::memory_order_relaxed) != round; });
}

Team::Team(int wanted) {
    if (wanted <= 1 || inside_team) return;
    bool free = false;
    if (!taken.compare_exchange_strong(free, true)) return;
    holds_workers_ = true;
    size_ = 1 + process_workers()->grow(wanted - 1);
}

Team::~Team() {
    if (holds_workers_) taken.store(false);
}

void Team::run(void (*work)(void*, int), void* argument) {
    if (size_ == 1) return work(argument, 0);
    inside_team = true;
    workers.load()->run(size_, work, argument);
    inside_team = false;
}

}  // namespace elman
