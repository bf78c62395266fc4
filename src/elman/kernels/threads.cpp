#include "threads.h"

#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>

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

// About 0.4 ms. In a virtual machine a core that fell asleep takes a tenth of that to wake, at every barrier: with
// 2,000, an RNN at 32,64,64,128 took 8.0 ms after a pause of 10 ms, and with 20,000 4.5.
constexpr int spins_before_sleep = 20000;

thread_local bool inside_team = false;

class Workers {
  public:
    // Starts threads until there are `count`, or as many as the system gives.
    int grow(int count) {
        while (static_cast<int>(started_) < count) {
            try {
                const int thread = static_cast<int>(started_) + 1;
                std::thread([this, thread, seen = job_] { serve(thread, seen); }).detach();
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
            work_ = work;
            argument_ = argument;
            team_ = team;
            running_.store(team - 1, std::memory_order_relaxed);
            job_++;
        }
        wake_.notify_all();
        work(argument, 0);
        for (int spin = 0; spin < spins_before_sleep; spin++) {
            if (running_.load(std::memory_order_acquire) == 0) return;
            pause();
        }
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return running_.load(std::memory_order_acquire) == 0; });
    }

  private:
    void serve(int thread, uint64_t seen) {
        inside_team = true;
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return job_ != seen; });
            seen = job_;
            if (thread >= team_) continue;
            auto* work = work_;
            auto* argument = argument_;
            lock.unlock();
            work(argument, thread);
            const bool last = running_.fetch_sub(1, std::memory_order_acq_rel) == 1;
            lock.lock();
            if (last) done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    void (*work_)(void*, int) = nullptr;
    void* argument_ = nullptr;
    int team_ = 0;
    std::atomic<int> running_{0};
    uint64_t job_ = 0;
    std::size_t started_ = 0;
};

// Never destroyed: a detached worker may outlive main(). A forked child has none of its parent's threads, so it
// forgets this object (whose mutex may be held by a thread that does not exist there) and makes another.
std::atomic<Workers*> workers{nullptr};
std::atomic<bool> taken{false};
std::atomic<const OpenMP*> openmp_in_use{nullptr};

void forget_parent() {
    workers.store(nullptr);
    taken.store(false);
    openmp_in_use.store(nullptr);
    inside_team = false;
}

void forget_parent_after_fork() {
    static const int registered = pthread_atfork(nullptr, nullptr, forget_parent);
    static_cast<void>(registered);
}

// The work of one team in a parallel region of OpenMP's.
struct Region {
    const OpenMP* openmp;
    void (*work)(void*, int);
    void* argument;
    int size;
    std::atomic<bool> too_few{false};
};

void enter(void* region_) {
    auto& region = *static_cast<Region*>(region_);
    if (region.openmp->omp_get_num_threads() != region.size) return region.too_few.store(true);
    region.work(region.argument, region.openmp->omp_get_thread_num());
}

// OpenMP was told to give fewer threads than asked (OMP_THREAD_LIMIT, OMP_DYNAMIC), but the work is divided already.
void with_threads_of_its_own(int size, void (*work)(void*, int), void* argument) {
    std::vector<std::thread> others;
    for (int thread = 1; thread < size; thread++) others.emplace_back(work, argument, thread);
    work(argument, 0);
    for (std::thread& other : others) other.join();
}

// How a thread rounds and whether it flushes denormals (torch.set_flush_denormal). Results depend on it, so that a team
// computes as the calling thread does; each thread has a setting of its own.
#if defined(__x86_64__)
using FloatMode = unsigned;
FloatMode float_mode() { return _mm_getcsr(); }
void set_float_mode(FloatMode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
using FloatMode = uint64_t;
FloatMode float_mode() {
    FloatMode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
void set_float_mode(FloatMode mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
using FloatMode = int;
FloatMode float_mode() { return 0; }
void set_float_mode(FloatMode) {}
#endif

struct Job {
    void (*work)(void*, int);
    void* argument;
    FloatMode mode;
};

void run_as_caller(void* job_, int thread) {
    const auto& job = *static_cast<Job*>(job_);
    const FloatMode own = float_mode();
    set_float_mode(job.mode);
    job.work(job.argument, thread);
    set_float_mode(own);
}

Workers* process_workers() {
    Workers* found = workers.load(std::memory_order_acquire);
    if (found == nullptr) {
        forget_parent_after_fork();
        found = new Workers;
        workers.store(found, std::memory_order_release);
    }
    return found;
}

}  // namespace

void Barrier::wait() {
    if (threads_ == 1) return;
    const uint32_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
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

void use_openmp(const OpenMP& openmp) {
    forget_parent_after_fork();
    openmp_in_use.store(new OpenMP(openmp));  // never deleted: a thread may be about to use it
}

Team::Team(int wanted) {
    if (wanted <= 1 || inside_team) return;
    const OpenMP* openmp = openmp_in_use.load(std::memory_order_acquire);
    bool free = false;
    if (openmp != nullptr) {
        uses_openmp_ = !openmp->omp_in_parallel();
        if (uses_openmp_) size_ = wanted;
    } else if (taken.compare_exchange_strong(free, true)) {
        holds_workers_ = true;
        size_ = 1 + process_workers()->grow(wanted - 1);
    }
}

Team::~Team() {
    if (holds_workers_) taken.store(false);
}

void Team::run(void (*work)(void*, int), void* argument) {
    if (size_ == 1) return work(argument, 0);
    Job job{work, argument, float_mode()};
    if (uses_openmp_) {
        const OpenMP* openmp = openmp_in_use.load(std::memory_order_acquire);
        Region region{openmp, run_as_caller, &job, size_};
        openmp->GOMP_parallel(enter, &region, static_cast<unsigned>(size_), 0);
        if (region.too_few) with_threads_of_its_own(size_, run_as_caller, &job);
        return;
    }
    inside_team = true;
    workers.load()->run(size_, run_as_caller, &job);
    inside_team = false;
}

}  // namespace elman
