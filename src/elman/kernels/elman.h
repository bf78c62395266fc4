// The C face of the kernels: float32, CPU, one layer in one direction. No header of torch or Python is seen from here
// down. Sizes: T time, B batch, I input, H hidden, G gates, N rows = B * T, or the sum of batch_sizes when packed.
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
    int64_t x_step, x_row;  // x_step is not used: row r of step t is row sum(batch_sizes[:t]) + r
    const float *h_0, *c_0, *weight_ih, *weight_hh, *bias_ih, *bias_hh;

    // Written by the forward pass, read by the backward pass.
    float *y, *h_n, *c_n;
    // (N, saved, H), or null: LSTM i f g o; GRU r z n m, m the hidden part of n before the reset gate; GRU that resets
    // before the product r z n; RNN nothing.
    float* gates;
    float* cells;  // (N, H), LSTM; or null

    // 0: gates and cells hold every step. Otherwise the turns fall into segments of so many, in the order in which they
    // are processed, the last of them perhaps shorter. The forward pass then takes null for gates and cells, and keeps c
    // before the first turn of each segment but the first; the backward pass runs one segment after the other forward
    // again, and takes gates and cells as room for the rows of any one segment. The results have the same bits.
    int64_t segment;
    float* borders;  // ((T - 1) / segment, B, H), LSTM; or null

    // The backward pass alone. grad_y is addressed like x; gradients written may be null where they are not wanted.
    const float *grad_y, *grad_h_n, *grad_c_n;
    int64_t grad_y_step, grad_y_row;
    float *grad_x;  // (N, I)
    float *grad_h_0, *grad_c_0, *grad_weight_ih, *grad_weight_hh, *grad_bias_ih, *grad_bias_hh;
    // For a record of each step, total derivatives: of every state, (N, H), and of the gates before their activation,
    // (N, G, H) in the order of the weights; of the GRU's n the sum with the input's part.
    float *grad_h, *grad_c, *grad_gates;
};

// 0; 1 when memory ran out; 2 when batch_sizes is not as said above, so that rows would be read that do not exist.
ELMAN_API int elman_run(const elman_call* call);

// Instruction sets this machine runs, best first, as a comma-separated list; the one in use.
ELMAN_API const char* elman_instruction_sets();
ELMAN_API const char* elman_instruction_set();
// 0, or 1 when this machine or this build has no such set.
ELMAN_API int elman_use_instruction_set(const char* name);

// Share calls among the threads of an OpenMP library from now on, reached through these of its functions: GOMP_parallel,
// omp_get_thread_num, omp_get_num_threads, omp_in_parallel.
ELMAN_API void elman_borrow_threads(void* parallel, void* thread_num, void* num_threads, void* in_parallel);

ELMAN_API int64_t elman_call_size();
}
