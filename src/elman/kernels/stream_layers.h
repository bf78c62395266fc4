// The layers of a stream that keep no state, and what all layers share: each reads rows that the layer before it wrote,
// and writes its own. All memory is laid out before the first step.
#pragma once

#include <cmath>

#include "stream.h"
#include "stream_product.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows in one tile: 6 x 4 sums leave 8 of AVX-512's 32 registers for weights and numbers, 3 x 4 sums 4 of AVX2's 16.
constexpr int most_rows = W == 16 ? 6 : 3;

// The input of a layer: rows of floats or, for the first layer, the number of a symbol for each row.
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

// Stores a block of W units, and nothing behind the last one: 0 times infinity there would spoil a later product.
ELMAN_INLINE void store_block(const Activations& to, Index row, Index block, V v) {
    store(to.row(row) + block * W, v, to.width - block * W);
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
        const V highest = splat(highest_of(x, O));
        float sum = 0;
        for (Index k = 0; k < O; k += W) {
            const Index lanes = min(W, O - k);
            store(y + k, exponential_of(load(x + k, lanes) - highest), lanes);
            for (Index j = k; j < k + lanes; j++) sum += y[j];
        }
        for (Index k = 0; k < O; k++) y[k] /= sum;
    }

    float *weight_ = nullptr, *bias_ = nullptr;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
