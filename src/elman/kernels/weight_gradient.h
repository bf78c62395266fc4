// dW = sum over rows of (gradient of the row's sums) x (the row's operand: x for W_ih, h of the step before for W_hh).
// The sum over rows is the long side, so the outer products take `k_block` rows at a time, few enough for the cache;
// and as each block is summed on its own, in registers, rounding errors grow with their number, not with T * B.
#pragma once

#include "cells.h"
#include "sequence.h"

namespace elman::ELMAN_ISA {
namespace {

// A bias is one sum of rows: taken 256 at a time, 16 sums of 16 round least.
constexpr Index bias_rows = 256;
constexpr Index bias_block = 16;

// One row of one step: its place among the N rows, and what its sums were computed from.
struct GatheredRow {
    Index at;
    const float *x, *h, *reset;
};

// The rows that one thread gathered: the gradients of their sums, (slots * H,) each, and their operands in panels,
// `k_block` rows after the other. All threads read both, so that each is written once.
template <class Cell>
struct Gathered {
    Rows sums;
    GatheredRow* rows;
    float *x, *h, *reset;

    void lay_out(Layout& layout, const elman_call& call, Index most) {
        const auto panels = [&](bool wanted, Index width) {
            return wanted ? layout.floats(round_up(width, panel_width) * most) : nullptr;
        };
        const Index stride = Cell::slots * call.H + row_padding;
        sums = {layout.floats(most * stride), stride};
        rows = layout.array<GatheredRow>(most);
        x = panels(call.grad_weight_ih != nullptr, call.I);
        h = panels(call.grad_weight_hh != nullptr, call.H);
        reset = panels(Cell::reset_before && call.grad_weight_hh != nullptr, call.H);
    }

    // Packs part `part` of `parts` of the operands of `count` rows.
    void pack(const elman_call& call, Index count, Index part, Index parts) {
        const auto panels = [&](float* data, Index width, auto operand) {
            if (data == nullptr) return;
            const Index number = ceil_div(width, panel_width);
            for (Index begin = 0; begin < count; begin += k_block) {
                const Index K = min(k_block, count - begin);
                for (Index p = number * part / parts; p < number * (part + 1) / parts; p++) {
                    pack_rows(data + (begin * number + p * K) * panel_width, K, width - p * panel_width,
                              [&](Index k) { return operand(rows[begin + k]) + p * panel_width; });
                }
            }
        };
        panels(x, call.I, [](const GatheredRow& row) { return row.x; });
        panels(h, call.H, [](const GatheredRow& row) { return row.h; });
        panels(reset, call.H, [](const GatheredRow& row) { return row.reset; });
    }
};

// The part of the weight gradients that one thread owns: hidden units [begin, end) of every gate.
template <class Cell>
class WeightGradient {
  public:
    WeightGradient(const elman_call& call, Index thread, Index threads) : call_(&call) {
        const Index tiles = ceil_div(call.H, outer_rows);
        begin_ = tiles * thread / threads * outer_rows;
        end_ = min(call.H, tiles * (thread + 1) / threads * outer_rows);
    }

    void clear_biases() {
        for (Index gate = 0; gate < Cell::gates; gate++) {
            clear(call_->grad_bias_ih, gate);
            clear(call_->grad_bias_hh, gate);
        }
    }

    // The first rows of a call replace what is in the memory of the weights' gradients, all others are added to it.
    void add(const Gathered<Cell>& gathered, Index count) {
        for (Index first = 0; first < count; first += k_block) {
            const Index K = min(k_block, count - first);
            if (fresh_ && K == call_->N && large()) {  // the whole gradient at once
                add_products<Sum::replace_nontemporal>(gathered, first, K);
                finish_stores();
            } else if (fresh_) {
                add_products<Sum::replace>(gathered, first, K);
            } else {
                add_products<Sum::add>(gathered, first, K);
            }
            fresh_ = false;
        }
        for (Index first = 0; first < count; first += bias_rows)
            add_biases(gathered.sums.from(first), min(bias_rows, count - first));
    }

  private:
    void clear(float* bias, Index gate) {
        if (bias == nullptr || begin_ >= end_) return;
        std::memset(bias + gate * call_->H + begin_, 0, static_cast<std::size_t>(end_ - begin_) * sizeof(float));
    }

    bool large() const {
        const Index width =
            (call_->grad_weight_ih != nullptr ? call_->I : 0) + (call_->grad_weight_hh != nullptr ? call_->H : 0);
        return store_kind(Cell::gates * call_->H * width) == Store::nontemporal;
    }

    // The gate whose block of W_ih or W_hh adds into a slot, or -1.
    static int gate_of(const int (&slot_of)[Cell::gates], int slot) {
        for (int gate = 0; gate < Cell::gates; gate++)
            if (slot_of[gate] == slot) return gate;
        return -1;
    }

    template <Sum into>
    void add_products(const Gathered<Cell>& gathered, Index first, Index K) {
        for (int slot = 0; slot < Cell::slots; slot++) {
            const int input_gate = gate_of(Cell::input_slot, slot);
            const int hidden_gate = gate_of(Cell::hidden_slot, slot);
            const float* hidden = Cell::reset_before && hidden_gate == 2 ? gathered.reset : gathered.h;
            for (Index unit = begin_; unit < end_; unit += outer_rows) {
                const ConstRows left = gathered.sums.from(first).right(slot * call_->H + unit);
                multiply<into>(left, gathered.x, first, K, call_->grad_weight_ih, input_gate, unit, call_->I);
                multiply<into>(left, hidden, first, K, call_->grad_weight_hh, hidden_gate, unit, call_->H);
            }
        }
    }

    template <Sum into>
    void multiply(ConstRows left, const float* panels, Index first, Index K, float* out, int gate, Index unit,
                  Index width) {
        if (out == nullptr || gate < 0) return;
        panels += first * round_up(width, panel_width);
        const Rows rows = {out + (gate * call_->H + unit) * width, width};
        for (Index column = 0; column < width; column += panel_width) {
            outer_product<into>(left, panels + column * K, K, rows.right(column), min(outer_rows, end_ - unit),
                                width - column);
        }
    }

    void add_biases(ConstRows sums, Index K) {
        if (call_->grad_bias_ih == nullptr) return;
        for (int slot = 0; slot < Cell::slots; slot++) {
            const int input_gate = gate_of(Cell::input_slot, slot);
            const int hidden_gate = gate_of(Cell::hidden_slot, slot);
            for (Index unit = begin_; unit < end_; unit += W) {
                const Index lanes = min(W, end_ - unit);
                V sum = {};
                for (Index first = 0; first < K; first += bias_block) {
                    V part = {};
                    for (Index k = first; k < min(K, first + bias_block); k++)
                        part = part + load(sums[k] + slot * call_->H + unit, lanes);
                    sum = sum + part;
                }
                add_to(call_->grad_bias_ih, input_gate, unit, sum, lanes);
                add_to(call_->grad_bias_hh, hidden_gate, unit, sum, lanes);
            }
        }
    }

    void add_to(float* out, int gate, Index unit, V sum, Index lanes) {
        if (gate < 0) return;
        out += gate * call_->H + unit;
        store(out, load(out, lanes) + sum, lanes);
    }

    const elman_call* call_;
    Index begin_, end_;
    bool fresh_ = true;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
