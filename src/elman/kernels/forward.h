// The forward pass over a sequence. Each member of the team takes a few steps' rows of x at a time through W_ih in one
// product, small enough to stay in its cache, then goes through those steps: W_hh, and the cell's equation on the sums
// while they are in the nearest cache. Nothing but what the backward pass will need goes to memory. In a call that goes
// backward by segments, the backward pass walks here again, for the gates and cells of one segment at a time.
#pragma once

#include "cells.h"
#include "sequence.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows of x that go through W_ih together: enough for full tiles at 1 row a thread; and few enough that the sums they
// begin, at most 512 KiB, are still in the second cache when their step comes.
constexpr Index projected_rows = 96, projected_sums = 128 << 10;

// The gates whose product with the state before comes first and, with the reset gate before the product, second.
constexpr int all_gates[] = {0, 1, 2, 3};
constexpr int new_gate[] = {2};

template <class Cell>
struct ForwardPass {
    static constexpr GateColumns input = {all_gates, Cell::input_slot, Cell::gates};
    static constexpr GateColumns hidden = {all_gates, Cell::hidden_slot, Cell::reset_before ? 2 : Cell::gates};
    static constexpr GateColumns second = {new_gate, Cell::hidden_slot, 1};
    static constexpr GateColumns last = Cell::reset_before ? second : hidden;  // what the equation waits for

    struct Member {
        Share share;
        Index kept_from;  // the row of the N at which gates and cells begin
        float *x, *sums, *h[2], *c, *reset;
        Index* start;
    };

    const elman_call& call;
    Sequence sequence;
    Units units;
    int members;
    bool split_units;
    Barrier barrier;
    Index steps;  // processed between two products with W_ih
    Index h_stride, x_stride, sums_stride;
    bool large;  // what is kept for the backward pass does not fit in a cache
    float *input_data, *hidden_data, *second_data, *bias;
    int *input_column, *hidden_column, *second_column;
    Member* member;

    ForwardPass(const elman_call& call, const Index* offset, int members, bool split_units)
        : call(call), sequence{call, offset}, units{call.H}, members(members), split_units(split_units),
          barrier(members) {
        const Index rows = split_units ? call.B : ceil_div(call.B, members);
        h_stride = call.H + row_padding, x_stride = call.I + row_padding;
        sums_stride = sums_width(call.H, Cell::slots) + row_padding;
        steps = max(1, min(call.T, min(projected_rows, projected_sums / sums_stride) / rows));
        large = sequence.kept_rows() * call.H * (Cell::saved + 1) > cached_floats;
    }

    void lay_out(Layout& layout) {
        const auto packed = [&](const GateColumns& set, Index K, float*& data, int*& column) {
            const Index panels = forward_panels(call.H, set.count);
            data = layout.floats(panels * K * panel_width), column = layout.array<int>(2 * panels);
        };
        packed(input, call.I, input_data, input_column);
        packed(hidden, call.H, hidden_data, hidden_column);
        if (Cell::reset_before) packed(second, call.H, second_data, second_column);
        bias = layout.floats(sums_stride);
        member = layout.array<Member>(members);
        Member shared = {};
        for (int m = 0; m < members; m++) {
            Member one = shared;
            one.share = share_of(sequence, m, members, split_units);
            const Index rows = one.share.rows();
            one.x = layout.floats(steps * rows * x_stride), one.sums = layout.floats(steps * rows * sums_stride);
            one.start = layout.array<Index>(steps + 1);
            if (m == 0 || !split_units) {
                one.h[0] = layout.floats(rows * h_stride), one.h[1] = layout.floats(rows * h_stride);
                one.reset = Cell::reset_before ? layout.floats(rows * h_stride) : nullptr;
                one.c = Cell::has_cell ? layout.floats(rows * units.padded()) : nullptr;
                if (split_units) shared = one;
            }
            if (member != nullptr) member[m] = one;
        }
    }

    void run(int m) {
        pack(m);
        walk(m, 0, call.T);
    }

    // Turns [begin, end), from the state before them.
    void walk(int m, Index begin, Index end) {
        Member& my = member[m];
        my.kept_from = min(sequence.first_row(sequence.time(begin)), sequence.first_row(sequence.time(end - 1)));
        activate(my, my.h[0], begin, 0, sequence.active(begin, my.share));
        barrier.wait();
        for (Index first = begin; first < end; first += steps) {
            const Index last = min(end, first + steps);
            project(my, first, last);
            for (Index s = first; s < last; s++) step(my, s, my.start[s - first]);
        }
        if (large) finish_stores();
    }

    void pack(int m) {
        const auto part = [&](const GateColumns& set, const float* weight, Index K, float* data, int* column) {
            const Index panels = forward_panels(call.H, set.count);
            pack_forward(data, weight, call.H, K, set, panels * m / members, panels * (m + 1) / members);
            if (m == 0) columns_of(column, call.H, set, Cell::slots);
        };
        part(input, call.weight_ih, call.I, input_data, input_column);
        part(hidden, call.weight_hh, call.H, hidden_data, hidden_column);
        if (Cell::reset_before) part(second, call.weight_hh, call.H, second_data, second_column);
        if (m == 0) sum_biases();
    }

  private:
    void sum_biases() {
        std::memset(bias, 0, static_cast<std::size_t>(sums_stride) * sizeof(float));
        if (call.bias_ih == nullptr) return;
        for (Index gate = 0; gate < Cell::gates; gate++) {
            for (Index j = 0; j < call.H; j++) {
                float* block = bias + (j / W) * Cell::slots * W + j % W;
                block[Cell::input_slot[gate] * W] += call.bias_ih[gate * call.H + j];
                block[Cell::hidden_slot[gate] * W] += call.bias_hh[gate * call.H + j];
            }
        }
    }

    // The state that rows [begin, end) start turn s from, where it is not that of a turn just computed; each member
    // fills in its own units.
    void activate(Member& my, float* h, Index s, Index begin, Index end) {
        const Index before = sequence.active(s - 1, my.share);
        const Index first = my.share.block_begin * W, count = min(units.H, my.share.block_end * W) - first;
        if (count <= 0) return;
        const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
        for (Index row = begin; row < end; row++) {
            std::memcpy(h + row * h_stride + first, sequence.h_before(s, my.share, row, before) + first, bytes);
            if (Cell::has_cell)
                std::memcpy(my.c + row * units.padded() + first,
                            sequence.c_before(s, my.share, row, before, my.kept_from) + first, bytes);
        }
    }

    // sums = bias + x W_ih^T for the rows of turns [first, last).
    void project(Member& my, Index first, Index last) {
        Index rows = 0;
        for (Index s = first; s < last; s++) {
            my.start[s - first] = rows;
            for (Index row = 0; row < sequence.active(s, my.share); row++, rows++) {
                if (call.I == 0) continue;  // x has no address then
                std::memcpy(my.x + rows * x_stride, sequence.x_row(sequence.time(s), my.share.row_begin + row),
                            static_cast<std::size_t>(call.I) * sizeof(float));
            }
        }
        const Index begin = my.share.block_begin * Cell::slots * W, end = sums_stride - row_padding;
        for (Index row = 0; row < rows; row++) {
            for (Index j = begin; j < end; j += W) store(my.sums + row * sums_stride + j, load(bias + j));
        }
        multiply({input_data, input_column, call.I}, input, my.x, x_stride, rows, my.share.block_begin,
                 my.share.block_end, my.sums);
    }

    // sums += rows of a times the panels of blocks [begin, end).
    void multiply(const Panels& panels, const GateColumns& set, const float* a, Index stride, Index rows, Index begin,
                  Index end, float* sums, bool backwards = false, Upcoming* upcoming = nullptr) {
        const Index first = begin * set.count / 2, last = ceil_div(end * set.count, 2);
        product(a, stride, rows, panels, first, last, sums, sums_stride, backwards, upcoming);
    }

    void step(Member& my, Index s, Index start) {
        const Index active = sequence.active(s, my.share), next = sequence.active(s + 1, my.share);
        float* sums = my.sums + start * sums_stride;
        if constexpr (Cell::reset_before) reset(my, active, sums);
        // Two blocks of units at a time, so that their sums are still near when the equation reads them; with few rows
        // all blocks at once, so that the product finds enough columns to work on. Every other step goes from the last
        // block to the first: what of W_hh the caches still hold is the end that was used last.
        const Index width = active <= 3 ? units.blocks() + 1 : 2, count = my.share.block_end - my.share.block_begin;
        const Index turns = ceil_div(count, width);
        const Panels panels = {Cell::reset_before ? second_data : hidden_data,
                               Cell::reset_before ? second_column : hidden_column, call.H};
        Upcoming next_kept = upcoming(my, s, active, next);
        for (Index turn = 0; turn < turns; turn++) {
            const Index begin = my.share.block_begin + (s % 2 ? turns - 1 - turn : turn) * width;
            const Index end = min(my.share.block_end, begin + width);
            multiply(panels, last, Cell::reset_before ? my.reset : my.h[0], h_stride, active, begin, end, sums, s % 2,
                     &next_kept);
            for (Index row = 0; row < active; row++) equation(my, sequence.time(s), row, begin, end, sums);
        }
        if (!call.backward) finish(my, next, active);
        if (Cell::has_cell && !call.backward && sequence.ends_segment(s)) mark(my, s, min(active, next));
        activate(my, my.h[1], s + 1, active, next);
        if (split_units) barrier.wait();
        float* h = my.h[0];
        my.h[0] = my.h[1], my.h[1] = h;
    }

    // What the step after turn s will write for the backward pass, unless it goes past the caches.
    Upcoming upcoming(const Member& my, Index s, Index active, Index next) {
        Upcoming found(chains_of(active, call.H, forward_panels(call.H, last.count)));
        if (next == 0 || call.gates == nullptr || large || split_units || sequence.ends_segment(s)) return found;
        const Index kept = sequence.first_row(sequence.time(s + 1)) + my.share.row_begin - my.kept_from;
        found.add(call.gates + kept * Cell::saved * call.H, next * Cell::saved * call.H);
        if (Cell::has_cell) found.add(call.cells + kept * call.H, next * call.H);
        return found;
    }

    // r h', once r is known: the operand of the second product.
    void reset(Member& my, Index active, float* sums) {
        const Index begin = my.share.block_begin, end = my.share.block_end;
        multiply({hidden_data, hidden_column, call.H}, hidden, my.h[0], h_stride, active, begin, end, sums);
        for (Index row = 0; row < active; row++) {
            for (Index block = begin; block < end; block++) {
                const Index at = row * h_stride + block * W, lanes = units.lanes(block);
                const V a_r = load(sums + row * sums_stride + (block * Cell::slots + Cell::hidden_slot[0]) * W);
                store(my.reset + at, Cell::reset(a_r, load(my.h[0] + at, lanes)), lanes);
            }
        }
        if (split_units) barrier.wait();
    }

    // The equation for blocks [begin, end) of one row of the step at time t.
    void equation(Member& my, Index t, Index row, Index begin, Index end, const float* sums) {
        const Index H = call.H, out = sequence.first_row(t) + my.share.row_begin + row, kept = out - my.kept_from;
        const float* h_before = my.h[0] + row * h_stride;
        float *h = my.h[1] + row * h_stride, *c = Cell::has_cell ? my.c + row * units.padded() : nullptr;
        float* y = call.backward ? nullptr : call.y + out * H;
        float* cells = Cell::has_cell && call.gates != nullptr ? call.cells + kept * H : nullptr;
        float* gates = call.gates == nullptr ? nullptr : call.gates + kept * Cell::saved * H;
        sums += row * sums_stride;
        for (Index block = begin; block < end; block++) {
            const Index lanes = units.lanes(block), unit = block * W;
            V a[Cell::slots], saved[Cell::saved + 1];
            for (int k = 0; k < Cell::slots; k++) a[k] = load(sums + (block * Cell::slots + k) * W);
            const State before = {load(h_before + unit, lanes), Cell::has_cell ? load(c + unit) : V{}};
            const State now = Cell::forward(a, before, saved);
            store(h + unit, now.h, lanes);
            if (y != nullptr) store(y + unit, now.h, lanes);
            if (Cell::has_cell) store(c + unit, now.c);
            if (cells != nullptr) keep(cells + unit, now.c, lanes, large);
            if (gates == nullptr) continue;
            for (int k = 0; k < Cell::saved; k++) keep(gates + k * H + unit, saved[k], lanes, large);
        }
    }

    // Turn s was the last of a segment: the c of `rows` rows is what the next one will start from.
    void mark(Member& my, Index s, Index rows) {
        for (Index row = 0; row < rows; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index batch_row = s / call.segment * call.B + my.share.row_begin + row;
                store(call.borders + batch_row * call.H + block * W, load(my.c + row * units.padded() + block * W),
                      units.lanes(block));
            }
        }
    }

    // Rows [begin, end) have no further turn: what they hold is their last state.
    void finish(Member& my, Index begin, Index end) {
        for (Index row = begin; row < end; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index unit = block * W, lanes = units.lanes(block);
                const Index out = (my.share.row_begin + row) * call.H + unit;
                store(call.h_n + out, load(my.h[1] + row * h_stride + unit, lanes), lanes);
                if (Cell::has_cell) store(call.c_n + out, load(my.c + row * units.padded() + unit), lanes);
            }
        }
    }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
