// The recurrent layers of a stream. One has two places for h: step by step, one is read and the other written (`phase`
// says which is read).
#pragma once

#include "cells.h"
#include "sequence.h"
#include "stream_layers.h"

namespace elman::ELMAN_ISA {
namespace {

// Steps in k up to which two products go side by side: longer ones wait for their weights.
constexpr Index short_sum = 16;

// A table of x W_ih^T + b for each symbol, in place of an embedding and its product, where it has at most 4M floats (16
// MiB), or no more than W_ih itself.
constexpr Index most_table = 4 << 20;

inline bool folds(const elman_layer& embedding, const elman_layer& next, Index gates) {
    if (embedding.kind != elman_embedding || next.kind != elman_recurrent) return false;
    return embedding.weight_ih == nullptr || embedding.I * gates * next.H <= most_table;
}

template <class Cell>
class Recurrent : public Layer {
    static constexpr int gates = Cell::gates, slots = Cell::slots;
    static constexpr int hidden_gates = Cell::reset_before ? 2 : gates;
    // Blocks at once: as many as keep eight sums going with one row, and no more than registers hold with many.
    static constexpr int one_row_blocks = gates == 1                                  ? 4
                                          : gates == 3 || precision == elman_bfloat16 ? 2
                                                                                      : 1,
                         many_rows_blocks = gates == 1 ? 4 : 1;

  public:
    // With an embedding whose symbols the layer reads itself, or null.
    Recurrent(const elman_layer& sizes, const elman_layer* embedding)
        : Layer(sizes), folded_(embedding != nullptr), embedding_(folded_ ? *embedding : elman_layer{}) {
        for (int phase = 0; phase < 2; phase++) outputs[phase] = &state_[1 - phase];
    }

    void lay_out(Memory& memory, Index B) override {
        const Index I = sizes.I, H = sizes.H, O = sizes.O;
        const int all[] = {0, 1, 2, 3}, last[] = {2};
        blocks_ = ceil_div(H, W);
        if (!folded_) x_ = new_matrix(memory, sizes.weight_ih, H, I, all, gates);
        h_ = new_matrix(memory, sizes.weight_hh, H, O, all, hidden_gates);
        bias_ = memory.array<float>(blocks_ * slots * W);
        for (Activations& place : state_) place = new_activations(memory, B, O);
        if (Cell::has_cell) c_ = memory.array<float>(B * blocks_ * W);
        if (Cell::reset_before) {
            second_ = new_matrix(memory, sizes.weight_hh, H, O, last, 1);
            reset_ = new_activations(memory, B, H);
            sums_ = memory.array<float>(B * blocks_ * slots * W);
        }
        projects_ = sizes.weight_hr != nullptr;
        if (projects_) {
            projection_ = new_matrix(memory, sizes.weight_hr, O, H, all, 1);
            no_bias_ = new_bias(memory, nullptr, O);
            hidden_ = new_activations(memory, B, H);
        }
        side_by_side_ = !folded_ && x_.depths() == h_.depths() && x_.sums() == 1 && h_.depths() <= short_sum;
        if (folded_) table_ = memory.array<float>(embedding_.I * blocks_ * slots * W);
        if (bias_ == nullptr) return;
        add_biases<Cell>(bias_, sizes.bias_ih, sizes.bias_hh, H);
        if (folded_) fill_table();
    }

    void run(const Input& in, Index begin, Index end, int phase) override {
        if (end - begin == 1) {
            each_blocks<one_row_blocks>(blocks_, [&](Index block, auto blocks) __attribute__((always_inline)) {
                constexpr int P = decltype(blocks)::value;
                if constexpr (P == 4) {
                    tile_apart<P>(in, block, begin, phase);
                } else {
                    tile<1, P>(in, block, begin, phase);
                }
            });
        } else {
            run_many(in, begin, end, phase);
        }
        if (Cell::reset_before) finish_reset(begin, end, phase);
        if (projects_) project(begin, end, phase);
        if (!converts) return;
        for (Index i = begin; i < end; i++) state_[1 - phase].convert(i, is_bounded());
    }

    Index state_width() const override { return sizes.O + (Cell::has_cell ? sizes.H : 0); }

    void get_state(Index row, int phase, float* state) const override {
        std::memcpy(state, state_[phase].row(row), static_cast<std::size_t>(sizes.O) * sizeof(float));
        if (Cell::has_cell)
            std::memcpy(state + sizes.O, c_ + row * blocks_ * W, static_cast<std::size_t>(sizes.H) * sizeof(float));
    }

    void set_state(Index row, int phase, const float* state) override {
        std::memcpy(state_[phase].row(row), state, static_cast<std::size_t>(sizes.O) * sizeof(float));
        state_[phase].convert(row, is_bounded());
        if (Cell::has_cell)
            std::memcpy(c_ + row * blocks_ * W, state + sizes.O, static_cast<std::size_t>(sizes.H) * sizeof(float));
    }

    void reset(Index row, int phase) override {
        const Activations& h = state_[phase];
        std::memset(h.row(row), 0, static_cast<std::size_t>(h.stride) * sizeof(float));
        h.convert(row, is_bounded());
        if (Cell::has_cell)
            std::memset(c_ + row * blocks_ * W, 0, static_cast<std::size_t>(blocks_ * W) * sizeof(float));
    }

  private:
    void fill_table() {
        const Index I = sizes.I, H = sizes.H;
        for (Index symbol = 0; symbol < embedding_.I; symbol++) {
            float* row = table_ + symbol * blocks_ * slots * W;
            std::memcpy(row, bias_, static_cast<std::size_t>(blocks_ * slots * W) * sizeof(float));
            for (Index gate = 0; gate < gates; gate++) {
                for (Index j = 0; j < H; j++) {
                    const float* weights = sizes.weight_ih + (gate * H + j) * I;
                    double sum = 0;
                    if (embedding_.weight_ih == nullptr) {
                        sum = weights[symbol];
                    } else {
                        const float* vector = embedding_.weight_ih + symbol * I;
                        for (Index k = 0; k < I; k++) sum += static_cast<double>(vector[k]) * weights[k];
                    }
                    float& to = row[((j / W) * slots + Cell::input_slot[gate]) * W + j % W];
                    to = static_cast<float>(to + sum);
                }
            }
        }
    }

    bool is_bounded() const { return Cell::bounded && !projects_; }

    // With four blocks the compiler finds registers for all only in a function of their own.
    template <int P>
    __attribute__((noinline)) void tile_apart(const Input& in, Index block, Index row, int phase) {
        tile<1, P>(in, block, row, phase);
    }

    __attribute__((noinline)) void run_many(const Input& in, Index begin, Index end, int phase) {
        each_blocks<many_rows_blocks>(blocks_, [&](Index block, auto blocks) {
            each_tile(begin, end, [&](auto rows, Index first) {
                tile<decltype(rows)::value, decltype(blocks)::value>(in, block, first, phase);
            });
        });
    }

    __attribute__((noinline)) void project(Index begin, Index end, int phase) {
        for (Index i = begin; i < end; i++) hidden_.convert(i);
        dense(projection_, no_bias_, hidden_, state_[1 - phase], begin, end);
    }

    // The products of a step and, where they are all that its equation needs, the equation.
    template <int M, int P>
    ELMAN_INLINE void tile(const Input& in, Index block, Index first, int phase) {
        static constexpr auto& hidden_slot = Cell::hidden_slot;
        V a[M][P * slots];
        for (int m = 0; m < M; m++) {
            const float* begin = folded_ ? table_ + in.symbols[first + m] * blocks_ * slots * W : bias_;
            for (int v = 0; v < P * slots; v++) a[m][v] = load(begin + (block * slots + v) * W);
        }
        if constexpr (M == 1 && !Cell::reset_before) {
            if (side_by_side_) {
                multiply_both<P, gates, gates, slots>(x_, *in.rows, Cell::input_slot, h_, state_[phase], hidden_slot,
                                                      block, first, a);
                return equation<M, P>(a, block, first, phase);
            }
        }
        if (!folded_) multiply<M, P, gates, slots>(x_, block, *in.rows, first, Cell::input_slot, a);
        if constexpr (Cell::reset_before) {
            static constexpr int two[] = {hidden_slot[0], hidden_slot[1]};
            multiply<M, P, 2, slots>(h_, block, state_[phase], first, two, a);
            for (int m = 0; m < M; m++) {
                for (int p = 0; p < P; p++) {
                    const V* sums = a[m] + p * slots;
                    const Index unit = (block + p) * W;
                    const V h = load(state_[phase].row(first + m) + unit);
                    store_block(reset_, first + m, block + p, Cell::reset(sums[1], h));
                    for (int k = 0; k < slots; k++)
                        store(sums_ + (((first + m) * blocks_ + block + p) * slots + k) * W, sums[k]);
                }
            }
        } else {
            multiply<M, P, gates, slots>(h_, block, state_[phase], first, hidden_slot, a);
            equation<M, P>(a, block, first, phase);
        }
    }

    template <int M, int P>
    ELMAN_INLINE void equation(const V (&a)[M][P * slots], Index block, Index first, int phase) {
        const Activations& before = state_[phase];
        const Activations& after = projects_ ? hidden_ : state_[1 - phase];
        for (int m = 0; m < M; m++) {
            for (int p = 0; p < P; p++) {
                const Index unit = (block + p) * W;
                float* c = Cell::has_cell ? c_ + (first + m) * blocks_ * W + unit : nullptr;
                V sums[slots], unsaved[Cell::saved + 1];
                for (int k = 0; k < slots; k++) sums[k] = a[m][p * slots + k];
                // Only the LSTM, whose h is not read here, has another width of h than H.
                const V h = Cell::has_cell ? V{} : load(before.row(first + m) + unit);
                const State now = Cell::forward(sums, {h, Cell::has_cell ? load(c) : V{}}, unsaved);
                store_block(after, first + m, block + p, now.h);
                if (Cell::has_cell) store(c, now.c);
            }
        }
    }

    // The second product of the GRU that resets before it, with r h', and then the equation.
    void finish_reset(Index begin, Index end, int phase) {
        if constexpr (Cell::reset_before) {
            static constexpr int new_slot[] = {Cell::hidden_slot[2]};
            for (Index i = begin; i < end; i++) reset_.convert(i);
            each_blocks<4>(blocks_, [&](Index block, auto blocks) {
                constexpr int P = decltype(blocks)::value;
                each_tile(begin, end, [&](auto rows, Index first) {
                    constexpr int M = decltype(rows)::value;
                    V a[M][P * slots];
                    for (int m = 0; m < M; m++)
                        for (int v = 0; v < P * slots; v++)
                            a[m][v] = load(sums_ + (((first + m) * blocks_ + block) * slots + v) * W);
                    multiply<M, P, 1, slots>(second_, block, reset_, first, new_slot, a);
                    equation<M, P>(a, block, first, phase);
                });
            });
        }
    }

    bool folded_, projects_ = false, side_by_side_ = false;
    elman_layer embedding_;
    Index blocks_ = 0;
    Matrix x_ = {}, h_ = {}, second_ = {}, projection_ = {};
    float *bias_ = nullptr, *table_ = nullptr, *no_bias_ = nullptr, *c_ = nullptr, *sums_ = nullptr;
    Activations state_[2] = {}, reset_ = {}, hidden_ = {};
};

}  // namespace
}  // namespace elman::ELMAN_ISA
