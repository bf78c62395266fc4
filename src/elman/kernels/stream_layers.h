// The layers of a stream. Each reads rows that the layer before it wrote, and writes its own; recurrent ones keep a
// state. All memory is laid out before the first step.
//
// A recurrent layer has two places for h: step by step, one is read and the other written (`phase` says which is read).
#pragma once

#include <cmath>

#include "cells.h"
#include "sequence.h"
#include "stream.h"
#include "stream_product.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows in one tile: 6 x 4 sums leave 8 of AVX-512's 32 registers for weights and numbers, 3 x 4 sums 4 of AVX2's 16.
constexpr int most_rows = W == 16 ? 6 : 3;

// What a layer reads: rows of floats or, for the first layer, the number of a symbol for each row.
struct Input {
    const int64_t* symbols;
    const Activations* rows;
};

class Layer {
  public:
    explicit Layer(const elman_layer& sizes) : sizes(sizes), outputs{&out_, &out_} {}
    virtual ~Layer() = default;
    // Lays out memory for B rows; the second time copies the weights into it.
    virtual void lay_out(Memory& memory, Index B) = 0;
    // Computes rows [begin, end) of a step.
    virtual void run(const Input& in, Index begin, Index end, int phase) = 0;
    virtual Index state_width() const { return 0; }
    // The state of a row, h and then c, which the next step reads in `phase`: copied out and in, and made zero.
    virtual void get_state(Index, int, float*) const {}
    virtual void set_state(Index, int, const float*) {}
    virtual void reset(Index, int) {}

    elman_layer sizes;              // its pointers are not used after lay_out
    const Activations* outputs[2];  // the rows that a step in each phase writes
    bool feeds_product = true;

  protected:
    Activations out_ = {};  // of layers that keep no state
};

// Calls use(tile) for the tiles of rows [begin, end), with the first row of each and its number of rows as a constant.
template <int M, class Use>
ELMAN_INLINE void exactly(Index rows, Index first, const Use& use) {
    if constexpr (M > 0) {
        if (rows == M) return use(std::integral_constant<int, M>{}, first);
        exactly<M - 1>(rows, first, use);
    }
}

template <class Use>
ELMAN_INLINE void each_tile(Index begin, Index end, const Use& use) {
    const Index rows = end - begin;
    const Index tiles = ceil_div(rows, most_rows);  // rows are dealt evenly: 16 go as 5, 5, 6
    for (Index i = 0; i < tiles; i++) {
        const Index first = rows * i / tiles;
        exactly<most_rows>(rows * (i + 1) / tiles - first, begin + first, use);
    }
}

// Calls use(first block, number of blocks as a constant): `most` at once while there are as many, then one by one.
template <int most, class Use>
ELMAN_INLINE void each_blocks(Index blocks, const Use& use) {
    Index block = 0;
    for (; block + most <= blocks; block += most) use(block, std::integral_constant<int, most>{});
    if constexpr (most > 1)
        for (; block < blocks; block++) use(block, std::integral_constant<int, 1>{});
}

constexpr int only[] = {0};

// Steps in k up to which two products go side by side: longer ones wait for their weights.
constexpr Index short_sum = 16;

// Stores a block of W units, and nothing behind the last one: 0 times infinity there would spoil a later product.
ELMAN_INLINE void store_block(const Activations& to, Index row, Index block, V v) {
    store(to.row(row) + block * W, v, to.width - block * W);
}

// e^x for x up to 0
inline V exponential_of(V x) {
    const Exponential e = exponential(at_least(x, splat(-87.0f)));
    return fma(e.power, e.rest, e.power);
}

// out = bias + in x matrix^T
inline void dense(const Matrix& matrix, const float* bias, const Activations& in, const Activations& out, Index begin,
                  Index end) {
    each_blocks<4>(ceil_div(out.width, W), [&](Index block, auto blocks) {
        constexpr int P = decltype(blocks)::value;
        each_tile(begin, end, [&](auto rows, Index first) {
            constexpr int M = decltype(rows)::value;
            V total[M][P];
            for (int p = 0; p < P; p++)
                for (int m = 0; m < M; m++) total[m][p] = load(bias + (block + p) * W);
            multiply<M, P, 1, 1>(matrix, block, in, first, only, total);
            for (int p = 0; p < P; p++)
                for (int m = 0; m < M; m++) store_block(out, first + m, block + p, total[m][p]);
        });
    });
}

// A vector of `count` floats, or zeros, with room up to the end of its last block.
inline float* new_bias(Memory& memory, const float* bias, Index count) {
    float* made = memory.array<float>(round_up(count, W));
    if (made != nullptr && bias != nullptr) std::memcpy(made, bias, static_cast<std::size_t>(count) * sizeof(float));
    return made;
}

class Embedding : public Layer {
  public:
    using Layer::Layer;

    void lay_out(Memory& memory, Index B) override {
        const Index V_ = sizes.I, O = sizes.O;
        one_hot_ = sizes.weight_ih == nullptr;
        out_ = new_activations(memory, B, O);
        if (one_hot_) return;
        table_ = memory.array<float>(V_ * O);
        if (table_ != nullptr) std::memcpy(table_, sizes.weight_ih, static_cast<std::size_t>(V_ * O) * sizeof(float));
    }

    void run(const Input& in, Index begin, Index end, int) override {
        const std::size_t bytes = static_cast<std::size_t>(sizes.O) * sizeof(float);
        for (Index i = begin; i < end; i++) {
            if (one_hot_) {
                std::memset(out_.row(i), 0, bytes);
                out_.row(i)[in.symbols[i]] = 1.0f;
            } else {
                std::memcpy(out_.row(i), table_ + in.symbols[i] * sizes.O, bytes);
            }
            if (feeds_product) out_.convert(i);
        }
    }

  private:
    bool one_hot_ = false;
    float* table_ = nullptr;
};

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
        const bool projects = sizes.weight_hr != nullptr;
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
        if (projects) {
            projection_ = new_matrix(memory, sizes.weight_hr, O, H, all, 1);
            no_bias_ = new_bias(memory, nullptr, O);
            hidden_ = new_activations(memory, B, H);
        }
        projects_ = projects;
        side_by_side_ = !folded_ && x_.depths() == h_.depths() && x_.sums() == 1 && h_.depths() <= short_sum;
        if (folded_) table_ = memory.array<float>(embedding_.I * blocks_ * slots * W);
        if (bias_ == nullptr) return;
        sum_biases();
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
    // The biases of a slot are summed first, as in forward.h.
    void sum_biases() {
        if (sizes.bias_ih == nullptr) return;
        for (Index gate = 0; gate < gates; gate++) {
            for (Index j = 0; j < sizes.H; j++) {
                float* block = bias_ + (j / W) * slots * W + j % W;
                block[Cell::input_slot[gate] * W] += sizes.bias_ih[gate * sizes.H + j];
                block[Cell::hidden_slot[gate] * W] += sizes.bias_hh[gate * sizes.H + j];
            }
        }
    }

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

class Linear : public Layer {
  public:
    using Layer::Layer;

    void lay_out(Memory& memory, Index B) override {
        matrix_ = new_matrix(memory, sizes.weight_ih, sizes.O, sizes.I, only, 1);
        bias_ = new_bias(memory, sizes.bias_ih, sizes.O);
        out_ = new_activations(memory, B, sizes.O);
    }

    void run(const Input& in, Index begin, Index end, int) override {
        dense(matrix_, bias_, *in.rows, out_, begin, end);
        if (feeds_product)
            for (Index i = begin; i < end; i++) out_.convert(i);
    }

  private:
    Matrix matrix_ = {};
    float* bias_ = nullptr;
};

inline float sum_of(V v) {
    float sum = 0;
    for (int lane = 0; lane < W; lane++) sum += v[lane];
    return sum;
}

// Layers that compute a row from a row of the same width: normalization and activations.
class RowWise : public Layer {
  public:
    using Layer::Layer;

    void lay_out(Memory& memory, Index B) override {
        const Index O = sizes.O;
        if (sizes.kind == elman_layer_norm) {
            bias_ = new_bias(memory, sizes.bias_ih, O);
            weight_ = new_bias(memory, sizes.weight_ih, O);
            if (weight_ != nullptr && sizes.weight_ih == nullptr)
                for (Index k = 0; k < O; k++) weight_[k] = 1.0f;
        }
        out_ = new_activations(memory, B, O);
    }

    void run(const Input& in, Index begin, Index end, int) override {
        for (Index i = begin; i < end; i++) {
            const float* x = in.rows->row(i);
            float* y = out_.row(i);
            switch (sizes.kind) {
                case elman_layer_norm: normalize(x, y); break;
                case elman_softmax: softmax(x, y); break;
                case elman_tanh: each(x, y, [](V v) { return tanh(v); }); break;
                case elman_relu: each(x, y, [](V v) { return relu(v); }); break;
                default: each(x, y, [](V v) { return sigmoid(v); });
            }
            if (feeds_product) out_.convert(i);
        }
    }

  private:
    template <class Function>
    void each(const float* x, float* y, Function function) const {
        for (Index k = 0; k < sizes.O; k += W) {
            const Index lanes = min(W, sizes.O - k);
            store(y + k, function(load(x + k, lanes)), lanes);
        }
    }

    void normalize(const float* x, float* y) const {
        const Index O = sizes.O;
        V total = {};
        for (Index k = 0; k < O; k += W) total += load(x + k, min(W, O - k));
        const float mean = sum_of(total) / static_cast<float>(O);
        float squares = 0;
        V whole = {};
        Index k = 0;
        for (; k + W <= O; k += W) {
            const V off = load(x + k) - splat(mean);
            whole = fma(off, off, whole);
        }
        for (; k < O; k++) squares += (x[k] - mean) * (x[k] - mean);
        const float variance = (sum_of(whole) + squares) / static_cast<float>(O);
        const float scale = 1.0f / std::sqrt(variance + static_cast<float>(sizes.eps));
        for (k = 0; k < O; k += W) {
            const Index lanes = min(W, O - k);
            const V normal = (load(x + k, lanes) - splat(mean)) * splat(scale);
            store(y + k, fma(normal, load(weight_ + k, lanes), load(bias_ + k, lanes)), lanes);
        }
    }

    void softmax(const float* x, float* y) const {
        const Index O = sizes.O;
        float highest = x[0];
        for (Index k = 1; k < O; k++) highest = x[k] <= highest ? highest : x[k];  // NaN is kept
        float sum = 0;
        for (Index k = 0; k < O; k += W) {
            const Index lanes = min(W, O - k);
            store(y + k, exponential_of(load(x + k, lanes) - splat(highest)), lanes);
            for (Index j = k; j < k + lanes; j++) sum += y[j];
        }
        for (Index k = 0; k < O; k++) y[k] /= sum;
    }

    float *weight_ = nullptr, *bias_ = nullptr;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
