// The forward-backward algorithm for a linear chain, over a packed batch: each step is a small product, the rows of the
// step before times the transitions.
//
// Loops are written out: a template of the standard library would be shared between instruction sets (simd.h).
#pragma once

#include <cmath>
#include <cstring>

#include "product.h"
#include "sequence.h"

namespace elman::ELMAN_ISA {
namespace {

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
        : call_(call), offset_(offset), K_(call.K), panels_(ceil_div(K_, panel_width)), B_(rows_of(0)) {}

    // Rows of tags are as long as the panels, and zero beyond the last tag.
    void lay_out(Layout& layout) {
        jump_ = layout.floats(K_ * padded());
        turned_ = layout.floats(K_ * padded());
        column_ = layout.array<int>(2 * panels_);
        first_ = layout.floats(padded());
        last_ = layout.floats(padded());
        now_ = layout.floats(B_ * padded());
        reached_ = layout.floats(B_ * padded());
    }

    void run() {
        for (Index panel = 0; panel < panels_; panel++) {
            const Index begin = panel * panel_width, columns = min(panel_width, K_ - begin);
            pack_rows(jump_ + begin * K_, K_, columns, [&](Index k) { return call_.jump + k * K_ + begin; });
            pack_transposed(turned_ + begin * K_, K_, [&](Index column) {
                return column < columns ? call_.jump + (begin + column) * K_ : nullptr;
            });
        }
        for (int v = 0; v < 2 * panels_; v++) column_[v] = v * W;
        clear(first_, padded());
        clear(last_, padded());
        copy_row(first_, call_.first, K_);
        copy_row(last_, call_.last, K_);
        clear(now_, B_ * padded());
        run_forward();
        run_backward();
    }

  private:
    Index padded() const { return panels_ * panel_width; }
    Index rows_of(Index t) const { return t < call_.T ? offset_[t + 1] - offset_[t] : 0; }

    // Writes `ahead` and the partition sums, and in place of `within` the exponentials of the scores.
    void run_forward() {
        clear(call_.partition, B_);
        for (Index t = 0; t < call_.T; t++) {
            const Index rows = rows_of(t), next = rows_of(t + 1);
            if (t > 0) multiply(jump_, rows);
            for (Index row = 0; row < rows; row++) {
                const float* scores = call_.scores + (offset_[t] + row) * K_;
                float* now = now_ + row * padded();
                const float most = highest_of(scores, K_);
                copy_row(now, scores, K_);
                for (Index j = 0; j < padded(); j += W)  // not above 0, lanes beyond the last tag too
                    store(now + j, exponential_of(at_most(load(now + j) - most, V{})));
                copy_row(call_.within + (offset_[t] + row) * K_, now, K_);
                const float divisor = scale(now, t > 0 ? reached_ + row * padded() : first_);
                copy_row(call_.ahead + (offset_[t] + row) * K_, now, K_);
                call_.partition[row] += ::logf(divisor) + most;
                if (row >= next) call_.partition[row] += ::logf(bounded(dot(now, last_)));
            }
        }
    }

    void run_backward() {
        for (Index t = call_.T - 1; t >= 0; t--) {
            const Index rows = rows_of(t), next = rows_of(t + 1);
            multiply(turned_, next);
            for (Index row = 0; row < rows; row++) {
                const float* behind = row < next ? reached_ + row * padded() : last_;
                float* now = now_ + row * padded();
                float* within = call_.within + (offset_[t] + row) * K_;
                copy_row(call_.behind + (offset_[t] + row) * K_, behind, K_);
                copy_row(now, within, K_);
                scale(now, behind);
                copy_row(within, now, K_);
            }
        }
    }

    static void clear(float* data, Index count) {
        std::memset(data, 0, static_cast<std::size_t>(count) * sizeof(float));
    }

    // Multiplies the first rows of `now_` by a matrix, into `reached_`.
    void multiply(const float* matrix, Index rows) const {
        clear(reached_, rows * padded());
        product({now_, padded()}, rows, {matrix, column_, K_}, {0, panels_}, {reached_, padded()});
    }

    // Multiplies a row by another one, divides it by its sum and returns the divisor.
    float scale(float* row, const float* by) const {
        const float divisor = bounded(dot(row, by));
        for (Index j = 0; j < padded(); j += W) store(row + j, load(row + j) * load(by + j) / divisor);
        return divisor;
    }

    float dot(const float* a, const float* b) const {
        V sums = {};
        for (Index j = 0; j < padded(); j += W) sums += load(a + j) * load(b + j);
        return sum_of(sums);
    }

    float bounded(float sum) const {  // NaN stays NaN
        const float least = static_cast<float>(call_.least);
        return sum < least ? least : sum;
    }

    const elman_chain_call& call_;
    const Index* offset_;
    const Index K_, panels_, B_;
    int* column_ = nullptr;
    float *jump_ = nullptr, *turned_ = nullptr, *first_ = nullptr, *last_ = nullptr, *now_ = nullptr,
          *reached_ = nullptr;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
