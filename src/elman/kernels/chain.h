// The forward-backward algorithm for a linear chain, over a packed batch.
//
// Each step is a small product, the rows of the step before times the transitions, and it waits for the step before. The
// sums of some rows are taken side by side, so that a multiply-add seldom waits for another. Each sum is taken in the
// order of the tags, whatever the number of rows: a row's bits depend on nothing but its own sequence.
//
// Loops are written out: a template of the standard library would be shared between instruction sets (simd.h).
#pragma once

#include <cmath>

#include "product.h"

namespace elman::ELMAN_ISA {
namespace {

constexpr int chain_rows = 4, chain_vectors = 2;  // 4 x 2 sums

// Copies K floats; where there are more than a vector of them, the last vector overlaps the one before.
inline void copy_row(float* to, const float* from, Index K) {
    if (K < W) return store(to, load(from, K), K);
    for (Index j = 0; j < K; j += W) {
        const Index at = min(j, K - W);
        store(to + at, load(from + at));
    }
}

class ChainPass {
  public:
    ChainPass(const elman_chain_call& call, const Index* offset)
        : call_(call), offset_(offset), K_(call.K), padded_(round_up(K_, W)), B_(rows_of(0)) {}

    // Two matrices, two vectors, and two arrays with a row for each sequence: every row is padded with zeros.
    Index floats() const { return (2 * K_ + 2 + 2 * B_) * padded_; }

    void run(float* scratch) {
        for (Index i = 0; i < floats(); i++) scratch[i] = 0.0f;
        float* jump = scratch;
        float* turned = jump + K_ * padded_;
        float* first = turned + K_ * padded_;
        float* last = first + padded_;
        now_ = last + padded_;
        reached_ = now_ + B_ * padded_;
        for (Index i = 0; i < K_; i++) {
            copy_row(jump + i * padded_, call_.jump + i * K_, K_);
            for (Index j = 0; j < K_; j++) turned[j * padded_ + i] = call_.jump[i * K_ + j];
        }
        copy_row(first, call_.first, K_);
        copy_row(last, call_.last, K_);
        run_forward(jump, first, last);
        run_backward(turned, last);
    }

  private:
    Index rows_of(Index t) const { return t < call_.T ? offset_[t + 1] - offset_[t] : 0; }

    // Writes `ahead` and the partition sums, and in place of `within` the exponentials of the scores.
    void run_forward(const float* jump, const float* first, const float* last) {
        for (Index row = 0; row < B_; row++) call_.partition[row] = 0.0f;
        for (Index t = 0; t < call_.T; t++) {
            const Index rows = rows_of(t), next = rows_of(t + 1);
            if (t > 0) multiply(jump, rows);
            for (Index row = 0; row < rows; row++) {
                const float* scores = call_.scores + (offset_[t] + row) * K_;
                float* now = now_ + row * padded_;
                const float most = highest(scores);
                copy_row(now, scores, K_);
                for (Index j = 0; j < padded_; j += W) {  // not above 0, lanes beyond the last tag too
                    const V below = at_most(at_least(load(now + j) - most, splat(-87.0f)), V{});
                    const Exponential e = exponential(below);
                    store(now + j, fma(e.power, e.rest, e.power));
                }
                copy_row(call_.within + (offset_[t] + row) * K_, now, K_);
                const float divisor = scale(now, t > 0 ? reached_ + row * padded_ : first);
                copy_row(call_.ahead + (offset_[t] + row) * K_, now, K_);
                call_.partition[row] += ::logf(divisor) + most;
                if (row >= next) call_.partition[row] += ::logf(bounded(dot(now, last)));
            }
        }
    }

    void run_backward(const float* turned, const float* last) {
        for (Index t = call_.T - 1; t >= 0; t--) {
            const Index rows = rows_of(t), next = rows_of(t + 1);
            multiply(turned, next);
            for (Index row = 0; row < rows; row++) {
                const float* behind = row < next ? reached_ + row * padded_ : last;
                float* now = now_ + row * padded_;
                float* within = call_.within + (offset_[t] + row) * K_;
                copy_row(call_.behind + (offset_[t] + row) * K_, behind, K_);
                copy_row(now, within, K_);
                scale(now, behind);
                copy_row(within, now, K_);
            }
        }
    }

    // Multiplies the first rows of `now_` by a matrix, into `reached_`.
    void multiply(const float* matrix, Index rows) const {
        Index row = 0;
        for (; row + chain_rows <= rows; row += chain_rows) multiply_rows<chain_rows>(matrix, row);
        for (; row < rows; row++) multiply_rows<1>(matrix, row);
    }

    template <int rows>
    void multiply_rows(const float* matrix, Index row) const {
        Index j = 0;
        for (; j + chain_vectors * W <= padded_; j += chain_vectors * W)
            multiply_columns<rows, chain_vectors>(matrix + j, now_ + row * padded_, reached_ + row * padded_ + j);
        for (; j < padded_; j += W)
            multiply_columns<rows, 1>(matrix + j, now_ + row * padded_, reached_ + row * padded_ + j);
    }

    template <int rows, int vectors>
    void multiply_columns(const float* matrix, const float* now, float* reached) const {
        V sums[rows][vectors] = {};
        for (Index i = 0; i < K_; i++) {
            ELMAN_UNROLL
            for (int v = 0; v < vectors; v++) {
                const V weights = load(matrix + i * padded_ + v * W);
                ELMAN_UNROLL
                for (int row = 0; row < rows; row++)
                    sums[row][v] = fma(splat(now[row * padded_ + i]), weights, sums[row][v]);
            }
        }
        ELMAN_UNROLL
        for (int row = 0; row < rows; row++) {
            ELMAN_UNROLL
            for (int v = 0; v < vectors; v++) store(reached + row * padded_ + v * W, sums[row][v]);
        }
    }

    // Multiplies a row by another one, divides it by its sum and returns the divisor.
    float scale(float* row, const float* by) const {
        const float divisor = bounded(dot(row, by));
        for (Index j = 0; j < padded_; j += W) store(row + j, load(row + j) * load(by + j) / divisor);
        return divisor;
    }

    float highest(const float* row) const {
        float most = row[0];
        for (Index j = 1; j < K_; j++) most = row[j] > most ? row[j] : most;
        return most;
    }

    float dot(const float* a, const float* b) const {
        V sums = {};
        for (Index j = 0; j < padded_; j += W) sums += load(a + j) * load(b + j);
        float sum = 0.0f;
        for (int lane = 0; lane < W; lane++) sum += sums[lane];
        return sum;
    }

    float bounded(float sum) const {  // NaN stays NaN
        const float least = static_cast<float>(call_.least);
        return sum < least ? least : sum;
    }

    const elman_chain_call& call_;
    const Index* offset_;
    const Index K_, padded_, B_;
    float *now_ = nullptr, *reached_ = nullptr;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
