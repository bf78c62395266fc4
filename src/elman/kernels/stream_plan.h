// A stream compiled for one instruction set and precision, as the C face of streams uses it.
#pragma once

#include <cstdint>
#include <memory>

#include "stream.h"

namespace elman {

// A network of layers with its weights and states, for B rows.
class StreamPlan {
  public:
    virtual ~StreamPlan() = default;

    // Computes rows [begin, end) of T steps, the first one in `phase`, which alternates between 0 and 1. `x` is (T, B, I)
    // float or (T, B) int64, y is (T, B, O) or null.
    virtual void run(const void* x, float* y, int64_t T, int64_t begin, int64_t end, int phase) = 0;
    virtual int64_t state_width() const = 0;  // of a row
    virtual void get_state(int phase, float* state) const = 0;
    virtual void set_state(int phase, const float* state) = 0;
    virtual void reset(int phase, int64_t row) = 0;

    int64_t B = 0, I = 0, O = 0;
    bool reads_symbols = false;
};

// Makes a plan, or returns null and sets an elman_stream_status.
using NewPlan = std::unique_ptr<StreamPlan>(const elman_layer* layers, int64_t count, int64_t B, int64_t* status);
using Choose = int64_t(const float* scores, int64_t V, const elman_sampling& sampling, double uniform, void* scratch);

#define ELMAN_DECLARE_STREAM(set) \
    namespace set {               \
    NewPlan new_plan;             \
    Choose choose;                \
    }
ELMAN_DECLARE_STREAM(stream_portable)
ELMAN_DECLARE_STREAM(stream_avx2)
ELMAN_DECLARE_STREAM(stream_avx512)
ELMAN_DECLARE_STREAM(stream_avx2_vnni)
ELMAN_DECLARE_STREAM(stream_avx512_vnni)
ELMAN_DECLARE_STREAM(stream_avx512_bf16)
#undef ELMAN_DECLARE_STREAM

}  // namespace elman
