// The C face of streams: a network of layers that takes one step at a time, with the state kept between steps. Weights
// are copied and packed once, in one precision; a step allocates nothing, locks nothing and makes no system call.
// Sizes: T steps, B rows, each at its own place of its own sequence; I inputs and O outputs of a layer, H hidden.
#pragma once

#include <cstdint>

#include "elman.h"

extern "C" {

// Of the weights, and of what they are multiplied with. Sums, gates and states are float32 always.
enum elman_precision : int64_t {
    elman_float32 = 0,
    elman_bfloat16 = 1,
    elman_int8 = 2,  // a scale for each row of weights, and for each row of inputs at each step
};

enum elman_layer_kind : int64_t {
    elman_embedding = 0,  // the first layer alone: x is then (B,) int64 numbers of symbols, below I
    elman_recurrent = 1,
    elman_linear = 2,
    elman_layer_norm = 3,
    elman_tanh = 4,
    elman_relu = 5,
    elman_sigmoid = 6,
    elman_softmax = 7,
};

// One layer. Every field is 8 bytes; null pointers mean absent. Arrays are contiguous and are copied.
//   embedding: weight_ih (I, O), or null for vectors with a single one, O = I
//   recurrent: as in elman_call; with weight_hr (O, H), an LSTM's h is (B, O), and weight_hh (G*H, O)
//   linear: weight_ih (O, I), bias_ih (O,) or null
//   layer norm: weight_ih (O,) and bias_ih (O,), or null
struct elman_layer {
    int64_t kind, cell;
    int64_t I, H, O;
    const float *weight_ih, *weight_hh, *bias_ih, *bias_hh, *weight_hr;
    double eps;
};

// The options of choosing a symbol by its score.
struct elman_sampling {
    double temperature;  // 0 takes the first of the highest
    int64_t top_k;       // 0 for all
    double top_p;        // 1 for all
};

enum elman_stream_status {
    elman_stream_ok = 0,
    elman_stream_no_memory = 1,
    elman_stream_bad_symbol = 2,  // a number is not below I; nothing was changed
    elman_stream_bad_layer = 3,   // an unknown cell or kind, or sizes that do not fit
    elman_stream_bad_precision = 4,
};

struct elman_stream;

// The instruction set that a stream of this precision would run on; empty where the set in use has no such products.
ELMAN_API const char* elman_stream_instruction_set(int64_t precision);

// Makes a stream, its states zero, or returns null and writes an elman_stream_status. The instruction set in use is
// kept for the stream's life. With more threads than one, rows are dealt to them.
ELMAN_API elman_stream* elman_stream_new(const elman_layer* layers, int64_t count, int64_t B, int64_t precision,
                                         int64_t threads, int64_t* status);
ELMAN_API void elman_stream_free(elman_stream* stream);

// x is (T, B, I) float, or (T, B) int64 where the first layer is an embedding; y is (T, B, O), or null where only the
// state is wanted. A block of T steps gives the bits of T blocks of one.
ELMAN_API int elman_stream_run(elman_stream* stream, const void* x, float* y, int64_t T);
// One step from the stream's own input, to its own output: (B, I) and (B, O), at these addresses for its whole life.
ELMAN_API int elman_stream_step(elman_stream* stream);
ELMAN_API void* elman_stream_input(elman_stream* stream);
ELMAN_API float* elman_stream_output(elman_stream* stream);

// Sets the states of `count` rows to zero; of all rows where `rows` is null.
ELMAN_API void elman_stream_reset(elman_stream* stream, const int64_t* rows, int64_t count);

// The state of all rows, one after the other; of a row, for each recurrent layer h (O,), and for an LSTM c (H,).
ELMAN_API int64_t elman_stream_state_size(const elman_stream* stream);
ELMAN_API void elman_stream_get_state(const elman_stream* stream, float* state);
ELMAN_API void elman_stream_set_state(elman_stream* stream, const float* state);

// Writes T symbols in each row: chooses one by the scores of the last step and the uniform numbers (T, B) in [0, 1),
// makes it the next input, and so on; the chosen ones are (T, B). Needs an embedding as the first layer, O = I.
ELMAN_API int elman_stream_write(elman_stream* stream, const elman_sampling* sampling, const double* uniform, int64_t T,
                                 int64_t* chosen);
// Chooses one of V symbols as elman_stream_write does. Needs: V floats and V int64 at `scratch`.
ELMAN_API int64_t elman_choose(const float* scores, int64_t V, const elman_sampling* sampling, double uniform,
                               void* scratch);

ELMAN_API int64_t elman_layer_size();
}
