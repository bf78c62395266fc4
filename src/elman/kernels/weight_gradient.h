// dW = sum over rows of (gradient of the row's sums) x (the row's operand: x for W_ih, h of the step before for W_hh).
// The sum over rows is the long side, so the outer products go 256 rows at a time, few enough for the cache; and as each
// `chain` of them is summed on its own, in registers, rounding errors grow with their number, not with T * B.
#pragma once

#include "cells.h"
#include "sequence.h"

namespace elman::ELMAN_ISA {
namespace {

constexpr Index summed_rows = 256;
constexpr Index bias_chain = 16;  // a bias is one sum of 256 rows: 16 sums of 16 round least

// One row of one step: the gradient of its sums, (slots * H,), and what they were computed from.
struct GatheredRow {
    Index at;  // its place among the N rows
    const float *sums, *x, *h, *reset;
};

// The part of the weight gradients that one member of the team owns: hidden units [begin, end) of every gate.
template <class Cell>
class WeightGradient {
  public:
    WeightGradient(const elman_call& call, Index member, Index members) : call_(&call) {
        const Index tiles = ceil_div(call.H, tile_rows);
        begin_ = tiles * member / members * tile_rows, end_ = min(call.H, tiles * (member + 1) / members * tile_rows);
    }

    void lay_out(Layout& layout) {
        const Index h_panels = ceil_div(call_->H, panel_width), x_panels = ceil_div(call_->I, panel_width);
        x_panels_ = layout.floats(x_panels * summed_rows * panel_width);
        h_panels_ = layout.floats(h_panels * summed_rows * panel_width);
        reset_panels_ = Cell::reset_before ? layout.floats(h_panels * summed_rows * panel_width) : nullptr;
        left_ = layout.floats(summed_rows * tile_rows);
    }

    void clear() {
        for (Index gate = 0; gate < Cell::gates; gate++) {
            clear_rows(call_->grad_weight_ih, gate, call_->I);
            clear_rows(call_->grad_weight_hh, gate, call_->H);
            clear_rows(call_->grad_bias_ih, gate, 1);
            clear_rows(call_->grad_bias_hh, gate, 1);
        }
    }

    void add(const GatheredRow* rows, Index count) {
        for (Index first = 0; first < count; first += summed_rows) {
            const Index K = min(summed_rows, count - first);
            add_some(rows + first, K);
            add_biases(rows + first, K);
        }
    }

  private:
    void clear_rows(float* out, Index gate, Index width) {
        if (out == nullptr || begin_ >= end_) return;
        std::memset(out + (gate * call_->H + begin_) * width, 0,
                    static_cast<std::size_t>((end_ - begin_) * width) * sizeof(float));
    }

    // The gate whose block of W_ih or W_hh adds into a slot, or -1.
    static int gate_of(const int (&slot_of)[Cell::gates], int slot) {
        for (int gate = 0; gate < Cell::gates; gate++)
            if (slot_of[gate] == slot) return gate;
        return -1;
    }

    template <class Operand>
    void pack(float* panels, Index width, const GatheredRow* rows, Index K, Operand operand) {
        for (Index p = 0; p < ceil_div(width, panel_width); p++) {
            const Index first = p * panel_width;
            pack_rows(panels + first * K, K, width - first, [&](Index k) { return operand(rows[k]) + first; });
        }
    }

    void add_some(const GatheredRow* rows, Index K) {
        if (call_->grad_weight_ih != nullptr) pack(x_panels_, call_->I, rows, K, [](const auto& row) { return row.x; });
        if (call_->grad_weight_hh != nullptr) {
            pack(h_panels_, call_->H, rows, K, [](const auto& row) { return row.h; });
            if (Cell::reset_before) pack(reset_panels_, call_->H, rows, K, [](const auto& row) { return row.reset; });
        }
        for (int slot = 0; slot < Cell::slots; slot++) {
            const int input_gate = gate_of(Cell::input_slot, slot), hidden_gate = gate_of(Cell::hidden_slot, slot);
            const float* hidden = Cell::reset_before && hidden_gate == 2 ? reset_panels_ : h_panels_;
            for (Index unit = begin_; unit < end_; unit += tile_rows) {
                pack_left(rows, K, slot, unit);
                multiply(x_panels_, K, call_->grad_weight_ih, input_gate, unit, call_->I);
                multiply(hidden, K, call_->grad_weight_hh, hidden_gate, unit, call_->H);
            }
        }
    }

    // The sums' gradients of `tile_rows` units, unit after unit for each row.
    void pack_left(const GatheredRow* rows, Index K, int slot, Index unit) {
        const Index from = slot * call_->H + unit, count = min(tile_rows, end_ - unit);
        for (Index k = 0; k < K; k++) {
            float* left = left_ + k * tile_rows;
            if (count == tile_rows) {
                std::memcpy(left, rows[k].sums + from, tile_rows * sizeof(float));
            } else {
                for (Index m = 0; m < tile_rows; m++) left[m] = m < count ? rows[k].sums[from + m] : 0.0f;
            }
        }
    }

    void multiply(const float* panels, Index K, float* out, int gate, Index unit, Index width) {
        if (out == nullptr || gate < 0) return;
        float* out_rows = out + (gate * call_->H + unit) * width;
        for (Index first = 0; first < width; first += panel_width) {
            outer_product(left_, panels + first * K, K, out_rows + first, width, min(tile_rows, end_ - unit),
                          width - first);
        }
    }

    void add_biases(const GatheredRow* rows, Index K) {
        if (call_->grad_bias_ih == nullptr) return;
        for (int slot = 0; slot < Cell::slots; slot++) {
            const int input_gate = gate_of(Cell::input_slot, slot), hidden_gate = gate_of(Cell::hidden_slot, slot);
            for (Index unit = begin_; unit < end_; unit += W) {
                const Index lanes = min(W, end_ - unit);
                V sum = {};
                for (Index first = 0; first < K; first += bias_chain) {
                    V part = {};
                    for (Index k = first; k < min(K, first + bias_chain); k++)
                        part = part + load(rows[k].sums + slot * call_->H + unit, lanes);
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
    float *x_panels_ = nullptr, *h_panels_ = nullptr, *reset_panels_ = nullptr, *left_ = nullptr;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
