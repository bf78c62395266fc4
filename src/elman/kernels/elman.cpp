// The C face: which instruction set, how many threads and how they share the work.
#include "elman.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "instruction_set.h"
#include "memory.h"

namespace elman {
namespace {

// Multiply-adds of a call, below which a second thread costs more to wake (5 to 50 microseconds) than it saves.
constexpr int64_t least_team_work = 4'000'000;
// The same where weights are read in place: with one row a multiply-add takes 2 to 4 times as long.
constexpr int64_t least_in_place_work = 2'000'000;
// Multiply-adds of a step and thread, below which a barrier at every step costs more than it saves: 0.2 to 0.5
// microseconds each.
constexpr int64_t least_step_work = 64'000;
// Weights that are read in place are the most of what a call with few rows reads. With the units split, each thread reads
// its part of them alone; with the rows split, each reads all. Up to this many rows a thread, where every thread has
// this many units.
constexpr int64_t most_rows_by_units = 16, least_units = 64;

struct InstructionSet {
    const char* name;
    Run* run;
    RunChain* run_chain;
};

const std::vector<InstructionSet>& instruction_sets() {
    static const std::vector<InstructionSet> sets = [] {
        std::vector<InstructionSet> found;
#if defined(ELMAN_HAS_X86_SETS)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
            found.push_back({"avx512", avx512::run, avx512::run_chain});
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            found.push_back({"avx2", avx2::run, avx2::run_chain});
#endif
        found.push_back({"portable", portable::run, portable::run_chain});
        return found;
    }();
    return sets;
}

std::atomic<const InstructionSet*> chosen{nullptr};

const InstructionSet& in_use() {
    const InstructionSet* set = chosen.load(std::memory_order_relaxed);
    return set != nullptr ? *set : instruction_sets().front();
}

CellSizes sizes_of(int64_t cell) { return portable::sizes(cell); }

void copy(float* to, const float* from, int64_t count) {
    if (to == nullptr) return;
    if (from == nullptr) {
        std::memset(to, 0, static_cast<std::size_t>(count) * sizeof(float));
    } else {
        std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
    }
}

// Runs a call without steps: the last state is the first, no weight has a gradient.
void run_empty(const elman_call& call) {
    const int64_t states = call.B * call.H;
    const int64_t rows = sizes_of(call.cell).gates * call.H;
    if (!call.backward) {
        copy(call.h_n, call.h_0, states);
        copy(call.c_n, call.c_0, states);
        return;
    }
    copy(call.grad_h_0, call.grad_h_n, states);
    copy(call.grad_c_0, call.grad_c_n, states);
    copy(call.grad_weight_ih, nullptr, rows * call.I);
    copy(call.grad_weight_hh, nullptr, rows * call.H);
    copy(call.grad_bias_ih, nullptr, rows);
    copy(call.grad_bias_hh, nullptr, rows);
    copy(call.grad_x, nullptr, call.N * call.I);
}

void advise_floats(float* data, int64_t count) {
    if (data != nullptr) advise_huge_pages(data, static_cast<std::size_t>(count) * sizeof(float));
}

// Computes the rows before each step. Returns false when the sizes are not those of a packed batch of B sequences.
bool count_rows(const int64_t* batch_sizes, int64_t T, int64_t B, int64_t N, std::vector<std::ptrdiff_t>& offset) {
    offset.assign(1, 0);
    int64_t before = B;
    for (int64_t t = 0; t < T; t++) {
        const int64_t rows = batch_sizes[t];
        if (rows > before || rows < 1 || (t == 0 && rows != before)) return false;
        offset.push_back(offset.back() + rows);
        before = rows;
    }
    return offset.back() == N;
}

}  // namespace

Scratch::~Scratch() { std::free(data_); }

float* Scratch::floats(std::ptrdiff_t count) {
    if (count <= size_) return data_;
    std::free(data_);
    const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(float) + huge_page - 1) / huge_page * huge_page;
    data_ = static_cast<float*>(std::aligned_alloc(huge_page, bytes));
    size_ = data_ == nullptr ? 0 : static_cast<std::ptrdiff_t>(bytes / sizeof(float));
    if (data_ != nullptr) advise_huge_pages(data_, bytes);
    return data_;
}

}  // namespace elman

using namespace elman;

int elman_run(const elman_call* given) {
    const elman_call& call = *given;
    std::vector<std::ptrdiff_t> offset;
    if (call.batch_sizes == nullptr ? call.N != call.T * call.B
                                    : !count_rows(call.batch_sizes, call.T, call.B, call.N, offset))
        return elman_bad_batch_sizes;
    const CellSizes sizes = sizes_of(call.cell);
    if (sizes.gates < 0) return elman_unknown_cell;
    if (call.T == 0 || call.B == 0 || call.H == 0) {
        run_empty(call);
        return elman_ok;
    }
    if (call.backward) {
        advise_floats(call.grad_x, call.N * call.I);
        advise_floats(call.grad_h, call.N * call.H);
        advise_floats(call.grad_c, call.N * call.H);
        advise_floats(call.grad_gates, call.N * sizes.gates * call.H);
        advise_floats(call.grad_weight_ih, sizes.gates * call.H * call.I);
        advise_floats(call.grad_weight_hh, sizes.gates * call.H * call.H);
    } else {
        advise_floats(call.y, call.N * call.H);
        advise_floats(call.cells, call.N * call.H);
        advise_floats(call.gates, call.N * sizes.saved * call.H);
    }
    const int64_t step_work = call.B * sizes.gates * call.H * call.H;
    const int64_t work = call.N * sizes.gates * call.H * (call.I + call.H);
    const bool few_rows = call.B < call.threads;
    const bool in_place = call.T <= most_in_place_steps;
    const bool alone = work < (in_place ? least_in_place_work : least_team_work) ||
                       (few_rows && step_work < least_step_work * call.threads);
    Team team(alone ? 1 : static_cast<int>(call.threads));
    thread_local Scratch scratch;
    const bool by_units = in_place && call.B <= most_rows_by_units * team.size() && call.H >= least_units * team.size();
    const Split split = by_units || call.B < team.size() ? Split::units : Split::rows;
    return in_use().run(call, offset.empty() ? nullptr : offset.data(), team, split, scratch);
}

int elman_chain(const elman_chain_call* given) {
    const elman_chain_call& call = *given;
    std::vector<std::ptrdiff_t> offset;
    if (!count_rows(call.batch_sizes, call.T, call.T == 0 ? 0 : call.batch_sizes[0], call.N, offset))
        return elman_bad_batch_sizes;
    thread_local Scratch scratch;
    return in_use().run_chain(call, offset.data(), scratch);
}

const char* elman_instruction_set() { return in_use().name; }

const char* elman_instruction_sets() {
    static const std::string names = [] {
        std::string joined;
        for (const InstructionSet& set : instruction_sets())
            joined += (joined.empty() ? "" : ",") + std::string(set.name);
        return joined;
    }();
    return names.c_str();
}

int elman_use_instruction_set(const char* name) {
    for (const InstructionSet& set : instruction_sets()) {
        if (std::strcmp(set.name, name) != 0) continue;
        chosen.store(&set);
        return 0;
    }
    return 1;
}

void elman_use_openmp(void* parallel, void* thread_num, void* num_threads, void* in_parallel) {
    OpenMP openmp;
    std::memcpy(&openmp.GOMP_parallel, &parallel, sizeof parallel);
    std::memcpy(&openmp.omp_get_thread_num, &thread_num, sizeof thread_num);
    std::memcpy(&openmp.omp_get_num_threads, &num_threads, sizeof num_threads);
    std::memcpy(&openmp.omp_in_parallel, &in_parallel, sizeof in_parallel);
    use_openmp(openmp);
}

int64_t elman_cell_gates(int64_t cell) { return sizes_of(cell).gates; }

int64_t elman_cell_saved(int64_t cell) { return sizes_of(cell).saved; }

int64_t elman_call_size() { return sizeof(elman_call); }

int64_t elman_chain_call_size() { return sizeof(elman_chain_call); }
