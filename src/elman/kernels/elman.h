// The C face of the kernels: float32, CPU, one layer in one direction. No kernel includes a header of torch or
// Python. Sizes: T time, B batch, I input, H hidden, G gates, N rows = B * T, or the sum of batch_sizes when packed.
#pragma once

#include <cstdint>

#define ELMAN_API __attribute__((visibility("default")))

extern "C" {

enum elman_cell : int64_t {
    elman_rnn_tanh = 0,
    elman_rnn_relu = 1,
    elman_lstm = 2,
    elman_gru = 3,
    elman_gru_reset_before = 4,
};

// One call, forward or backward. Every field is 8 bytes, so that a caller can write it as a flat array; strides are
// counted in floats. A null pointer means absent. Weights are contiguous (G*H, I) and (G*H, H), biases (G*H,),
// states (B, H), row sequences (N, H).
struct elman_call {
    int64_t cell, backward, reverse, threads;
    int64_t T, B, I, H, N;
    const int64_t* batch_sizes;  // (T,), from B on never growing, with N as their sum; null: B rows at every step
    const float* x;              // row b of step t, element i: x[t * x_step + b * x_row + i]; when packed,
    int64_t x_step, x_row;       // x_step is not used: row r of step t is row sum(batch_sizes[:t]) + r
    const float *h_0, *c_0, *weight_ih, *weight_hh, *bias_ih, *bias_hh;

    // Written by the forward pass, read by the backward pass.
    float *y, *h_n, *c_n;  // h_n may be null
    // (N, saved, H), or null: LSTM i f g o; GRU r z n m, m the hidden part of n before the reset gate; GRU that resets
    // before the product r z n; RNN nothing.
    float* gates;
    float* cells;  // (N, H), LSTM; or null

    // 0: gates and cells hold every step. Otherwise the steps are divided, in the order in which they are processed,
    // into segments of this length, the last perhaps shorter. The forward pass then takes null for gates and cells, and
    // saves c before the first step of each segment but the first; the backward pass runs one segment after the other
    // forward again, and takes gates and cells as room for the rows of any one segment. The results have the same bits.
    int64_t segment;
    float* checkpoints;  // ((T - 1) / segment, B, H), LSTM; or null

    // The backward pass alone. grad_y is addressed like x; gradients written may be null where they are not wanted.
    const float *grad_y, *grad_h_n, *grad_c_n;
    int64_t grad_y_step, grad_y_row;
    float* grad_x;  // (N, I)
    float *grad_h_0, *grad_c_0, *grad_weight_ih, *grad_weight_hh, *grad_bias_ih, *grad_bias_hh;
    // For a record of each step, total derivatives: of every state, (N, H), and of the gates before their activation,
    // (N, G, H) in the order of the weights; of the GRU's n the sum with the input's part.
    float *grad_h, *grad_c, *grad_gates;
};

// The forward-backward algorithm for a linear chain of K tags, over a packed batch of B sequences with N rows, with
// probabilities scaled at each step.
struct elman_chain_call {
    int64_t T, N, K;
    const int64_t* batch_sizes;  // (T,), as in elman_call
    const float* scores;         // (N, K)
    // The exponentials of the scores of transitions, (K, K), from a tag, down, to the next, across, and of the first and
    // the last tag, (K,).
    const float *jump, *first, *last;

    // Written, (N, K): of the scores up to a step, and from the step on, each row sums to 1; between them, of the scores
    // after a step, up to a factor for each row.
    float *ahead, *within, *behind;
    float* partition;  // (B,), written: the logarithm of the partition sum
    double least;      // the least divisor of a row, where no path is possible
};

enum elman_status {
    elman_ok = 0,
    elman_no_memory = 1,
    elman_bad_batch_sizes = 2,  // not as said above, so that rows would be read that do not exist
    elman_unknown_cell = 3,
};

// Run one call and return an elman_status.
ELMAN_API int elman_run(const elman_call* call);
ELMAN_API int elman_chain(const elman_chain_call* call);

// The row blocks of a cell's weights, and the vectors of H that its forward pass saves in `gates` for each row of each
// step; -1 for an unknown cell.
ELMAN_API int64_t elman_cell_gates(int64_t cell);
ELMAN_API int64_t elman_cell_saved(int64_t cell);

// Instruction sets this machine runs, best first, as a comma-separated list; the one in use.
ELMAN_API const char* elman_instruction_sets();
ELMAN_API const char* elman_instruction_set();
// 0, or 1 when this machine or this build has no such set.
ELMAN_API int elman_use_instruction_set(const char* name);

// Runs calls on the threads of an OpenMP library from now on, reached through these of its functions: GOMP_parallel,
// omp_get_thread_num, omp_get_num_threads, omp_in_parallel.
ELMAN_API void elman_use_openmp(void* parallel, void* thread_num, void* num_threads, void* in_parallel);

ELMAN_API int64_t elman_call_size();
ELMAN_API int64_t elman_chain_call_size();
}
