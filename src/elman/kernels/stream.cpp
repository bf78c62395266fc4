// The C face of streams: which instruction set, and how rows are dealt to threads.
#include "stream.h"

#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "stream_plan.h"
#include "threads.h"

namespace elman {
namespace {

struct StreamSet {
    std::string_view instruction_set;  // of elman_instruction_set
    int64_t precision;
    const char* name;
    NewPlan* new_plan;
    Choose* choose;
};

const std::vector<StreamSet>& stream_sets() {
    static const std::vector<StreamSet> sets = [] {
        std::vector<StreamSet> found;
#if defined(ELMAN_HAS_X86_SETS)
        __builtin_cpu_init();
        found.push_back({"avx512", elman_float32, "avx512", stream_avx512::new_plan, stream_avx512::choose});
        found.push_back({"avx2", elman_float32, "avx2", stream_avx2::new_plan, stream_avx2::choose});
        if (__builtin_cpu_supports("avx512vnni"))
            found.push_back(
                {"avx512", elman_int8, "avx512_vnni", stream_avx512_vnni::new_plan, stream_avx512_vnni::choose});
        if (__builtin_cpu_supports("avx512bf16"))
            found.push_back(
                {"avx512", elman_bfloat16, "avx512_bf16", stream_avx512_bf16::new_plan, stream_avx512_bf16::choose});
        if (__builtin_cpu_supports("avxvnni"))
            found.push_back({"avx2", elman_int8, "avx2_vnni", stream_avx2_vnni::new_plan, stream_avx2_vnni::choose});
#endif
        found.push_back({"portable", elman_float32, "portable", stream_portable::new_plan, stream_portable::choose});
        return found;
    }();
    return sets;
}

// The products of a precision in the instruction set in use, or null.
const StreamSet* set_for(int64_t precision) {
    for (const StreamSet& set : stream_sets())
        if (set.precision == precision && set.instruction_set == elman_instruction_set()) return &set;
    return nullptr;
}

}  // namespace

}  // namespace elman

using namespace elman;

struct elman_stream {
    std::unique_ptr<StreamPlan> plan;
    Choose* choose;
    int threads;
    int phase = 0;
    std::vector<float> x, y;  // the stream's own input and output
    std::vector<int64_t> symbols;
    std::vector<char> scratch;

    // Keeps the scores of the last step, from which elman_stream_write goes on.
    void keep_scores(const float* scores) {
        if (scores != y.data()) std::memcpy(y.data(), scores, y.size() * sizeof(float));
    }

    bool known(const void* x, int64_t count) const {
        const auto* numbers = static_cast<const int64_t*>(x);
        for (int64_t i = 0; i < count; i++)
            if (numbers[i] < 0 || numbers[i] >= plan->I) return false;
        return true;
    }
};

const char* elman_stream_instruction_set(int64_t precision) {
    const StreamSet* set = set_for(precision);
    return set == nullptr ? "" : set->name;
}

elman_stream* elman_stream_new(const elman_layer* layers, int64_t count, int64_t B, int64_t precision, int64_t threads,
                               int64_t* status) {
    const StreamSet* set = set_for(precision);
    *status = elman_stream_bad_precision;
    if (set == nullptr) return nullptr;
    try {
        auto stream = std::make_unique<elman_stream>();
        stream->plan = set->new_plan(layers, count, B, status);
        if (stream->plan == nullptr) return nullptr;
        stream->choose = set->choose;
        stream->threads = static_cast<int>(threads < B ? threads : B);
        if (stream->plan->reads_symbols) {
            stream->symbols.assign(static_cast<std::size_t>(B), 0);
        } else {
            stream->x.assign(static_cast<std::size_t>(B * stream->plan->I), 0.0f);
        }
        stream->y.assign(static_cast<std::size_t>(B * stream->plan->O), 0.0f);
        stream->scratch.resize(static_cast<std::size_t>(stream->plan->O + 1) * (sizeof(float) + sizeof(int64_t)));
        return stream.release();
    } catch (const std::bad_alloc&) {
        *status = elman_stream_no_memory;
        return nullptr;
    }
}

void elman_stream_free(elman_stream* stream) { delete stream; }

// Deals the rows of T steps to threads. Apart from elman_stream_run, whose frame a short step pays for.
__attribute__((noinline)) static void run_on_threads(elman_stream* stream, const void* x, float* y, int64_t T) {
    struct Work {
        elman_stream* stream;
        const void* x;
        float* y;
        int64_t T, threads;
    };
    Team team(stream->threads);
    Work work = {stream, x, y, T, team.size()};
    team.run(
        [](void* argument, int thread) {
            const Work& my = *static_cast<Work*>(argument);
            StreamPlan& plan = *my.stream->plan;
            const int64_t begin = plan.B * thread / my.threads, end = plan.B * (thread + 1) / my.threads;
            plan.run(my.x, my.y, my.T, begin, end, my.stream->phase);
        },
        &work);
}

int elman_stream_run(elman_stream* stream, const void* x, float* y, int64_t T) {
    StreamPlan& plan = *stream->plan;
    if (plan.reads_symbols && !stream->known(x, T * plan.B)) return elman_stream_bad_symbol;
    if (stream->threads <= 1) {
        plan.run(x, y, T, 0, plan.B, stream->phase);
    } else {
        run_on_threads(stream, x, y, T);
    }
    stream->phase = static_cast<int>((stream->phase + T) & 1);
    if (plan.reads_symbols && y != nullptr && T > 0) stream->keep_scores(y + (T - 1) * plan.B * plan.O);
    return elman_stream_ok;
}

int elman_stream_step(elman_stream* stream) {
    return elman_stream_run(stream, elman_stream_input(stream), stream->y.data(), 1);
}

void* elman_stream_input(elman_stream* stream) {
    return stream->plan->reads_symbols ? static_cast<void*>(stream->symbols.data()) : stream->x.data();
}

float* elman_stream_output(elman_stream* stream) { return stream->y.data(); }

void elman_stream_reset(elman_stream* stream, const int64_t* rows, int64_t count) {
    if (rows == nullptr) count = stream->plan->B;
    for (int64_t i = 0; i < count; i++) stream->plan->reset(stream->phase, rows == nullptr ? i : rows[i]);
}

int64_t elman_stream_state_size(const elman_stream* stream) { return stream->plan->B * stream->plan->state_width(); }

void elman_stream_get_state(const elman_stream* stream, float* state) { stream->plan->get_state(stream->phase, state); }

void elman_stream_set_state(elman_stream* stream, const float* state) { stream->plan->set_state(stream->phase, state); }

int elman_stream_write(elman_stream* stream, const elman_sampling* sampling, const double* uniform, int64_t T,
                       int64_t* chosen) {
    const StreamPlan& plan = *stream->plan;
    if (!plan.reads_symbols || plan.I != plan.O) return elman_stream_bad_layer;
    for (int64_t t = 0; t < T; t++, uniform += plan.B, chosen += plan.B) {
        for (int64_t row = 0; row < plan.B; row++) {
            const float* scores = stream->y.data() + row * plan.O;
            chosen[row] = stream->choose(scores, plan.O, *sampling, uniform[row], stream->scratch.data());
        }
        elman_stream_run(stream, chosen, stream->y.data(), 1);
    }
    return elman_stream_ok;
}

int64_t elman_choose(const float* scores, int64_t V, const elman_sampling* sampling, double uniform, void* scratch) {
    return set_for(elman_float32)->choose(scores, V, *sampling, uniform, scratch);
}

int64_t elman_layer_size() { return sizeof(elman_layer); }
