// The forward pass over a sequence. Each thread multiplies a few steps' rows of x by W_ih in one product, small enough
// to stay in its cache, then processes those steps: W_hh, and the cell's equation on the sums while they are in L1.
// Only what the backward pass will need is written to memory. Where a call saves segment boundaries alone, the backward
// pass runs this pass again for one segment at a time.
#pragma once

#include "cells.h"
#include "sequence.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows of x in one product with W_ih: enough for full tiles at 1 row a thread; and few enough that the sums they begin,
// at most 512 KiB, are still in L2 when their step is processed.
constexpr Index projected_rows = 96;
constexpr Index projected_sums = 128 << 10;

// The gates whose product with the state before comes first and, with the reset gate before the product, second.
constexpr int all_gates[] = {0, 1, 2, 3};
constexpr int new_gate[] = {2};

// One weight, (G*H, K): where it is and, unless it is read in place, its panels, and where their columns add.
struct ForwardWeight {
    const float* weight;
    Index K;
    float* data;
    int* column;

    void lay_out(Layout& layout, Index H, const GateColumns& set) {
        const Index panels = forward_panels(H, set.count);
        data = layout.floats(panels * K * panel_width);
        column = layout.array<int>(2 * panels);
    }
    Panels panels() const { return {data, column, K}; }
};

template <class Cell>
struct ForwardPass : SequencePass {
    static constexpr GateColumns input = {all_gates, Cell::input_slot, Cell::gates};
    static constexpr GateColumns hidden = {all_gates, Cell::hidden_slot, Cell::reset_before ? 2 : Cell::gates};
    static constexpr GateColumns second = {new_gate, Cell::hidden_slot, 1};
    static constexpr GateColumns last = Cell::reset_before ? second : hidden;  // what the equation waits for

    struct Thread {
        Share share;
        Index kept_from;  // the row of the N at which gates and cells begin
        Rows x, sums, h, h_next, reset;
        float* c;
        Index* start;
    };

    Index steps;  // processed between two products with W_ih
    Index h_stride, x_stride, sums_stride;
    Store results;  // of what is saved for the backward pass
    ForwardWeight input_weight, hidden_weight, second_weight;
    float* bias;
    Thread* thread;

    ForwardPass(const elman_call& call, const Index* offset, int threads, Split split)
        : SequencePass(call, offset, threads, split) {
        h_stride = call.H + row_padding;
        x_stride = call.I + row_padding;
        sums_stride = sums_width(call.H, Cell::slots) + row_padding;
        steps = max(1, min(call.T, min(projected_rows, projected_sums / sums_stride) / thread_rows()));
        results = store_kind(sequence.kept_rows() * call.H * (Cell::saved + 1));
        input_weight = {call.weight_ih, call.I, nullptr, nullptr};
        hidden_weight = second_weight = {call.weight_hh, call.H, nullptr, nullptr};
    }

    void lay_out(Layout& layout) {
        if (!in_place()) {
            input_weight.lay_out(layout, call.H, input);
            hidden_weight.lay_out(layout, call.H, hidden);
            if (Cell::reset_before) second_weight.lay_out(layout, call.H, second);
        }
        bias = layout.floats(sums_stride);
        thread = layout.array<Thread>(threads);
        Thread shared = {};
        for (int i = 0; i < threads; i++) {
            Thread one = shared;
            one.share = share_of(sequence, i, threads, split);
            const Index rows = one.share.rows();
            one.x = {layout.floats(steps * rows * x_stride), x_stride};
            one.sums = {layout.floats(steps * rows * sums_stride), sums_stride};
            one.start = layout.array<Index>(steps + 1);
            if (i == 0 || split == Split::rows) {
                one.h = {layout.floats(rows * h_stride), h_stride};
                one.h_next = {layout.floats(rows * h_stride), h_stride};
                one.reset = {Cell::reset_before ? layout.floats(rows * h_stride) : nullptr, h_stride};
                one.c = Cell::has_cell ? layout.floats(rows * units.padded()) : nullptr;
                if (split == Split::units) shared = one;
            }
            if (thread != nullptr) thread[i] = one;
        }
    }

    void run(int i) {
        pack(i);
        process(i, 0, call.T);
    }

    // Processes steps [begin, end), from the state before them.
    void process(int i, Index begin, Index end) {
        Thread& my = thread[i];
        my.kept_from = min(sequence.first_row(sequence.time(begin)), sequence.first_row(sequence.time(end - 1)));
        activate(my, my.h, begin, 0, sequence.active(begin, my.share));
        barrier.wait();
        for (Index first = begin; first < end; first += steps) {
            const Index last_step = min(end, first + steps);
            project(my, first, last_step);
            for (Index s = first; s < last_step; s++) step(my, s, my.sums.from(my.start[s - first]));
        }
        if (results == Store::nontemporal) finish_stores();
    }

    void pack(int i) {
        if (i == 0) {
            std::memset(bias, 0, static_cast<std::size_t>(sums_stride) * sizeof(float));
            add_biases<Cell>(bias, call.bias_ih, call.bias_hh, call.H);
        }
        if (in_place()) return;
        const auto part = [&](const GateColumns& set, const ForwardWeight& one) {
            const Index panels = forward_panels(call.H, set.count);
            const Range mine = {panels * i / threads, panels * (i + 1) / threads};
            pack_forward(one.data, one.weight, call.H, one.K, set, mine);
            if (i == 0) columns_of(one.column, call.H, set, Cell::slots);
        };
        part(input, input_weight);
        part(hidden, hidden_weight);
        if (Cell::reset_before) part(second, second_weight);
    }

  private:
    // Writes the state that rows [begin, end) start step s from, where it is not that of a step just computed; each
    // thread writes its own units.
    void activate(Thread& my, Rows h, Index s, Index begin, Index end) {
        const Index before = sequence.active(s - 1, my.share);
        const Index first = my.share.block_begin * W;
        const Index count = min(units.H, my.share.block_end * W) - first;
        if (count <= 0) return;
        const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
        for (Index row = begin; row < end; row++) {
            std::memcpy(h[row] + first, sequence.h_before(s, my.share, row, before) + first, bytes);
            if (Cell::has_cell)
                std::memcpy(my.c + row * units.padded() + first,
                            sequence.c_before(s, my.share, row, before, my.kept_from) + first, bytes);
        }
    }

    // sums = bias + x W_ih^T for the rows of steps [first, last_step).
    void project(Thread& my, Index first, Index last_step) {
        Index rows = 0;
        for (Index s = first; s < last_step; s++) {
            my.start[s - first] = rows;
            for (Index row = 0; row < sequence.active(s, my.share); row++, rows++) {
                if (call.I == 0) continue;  // x has no address then
                std::memcpy(my.x[rows], sequence.x_row(sequence.time(s), my.share.row_begin + row),
                            static_cast<std::size_t>(call.I) * sizeof(float));
            }
        }
        const Index begin = my.share.block_begin * Cell::slots * W;
        const Index end = sums_stride - row_padding;
        for (Index row = 0; row < rows; row++) {
            for (Index j = begin; j < end; j += W) store(my.sums[row] + j, load(bias + j));
        }
        multiply(input_weight, input, my.x, rows, {my.share.block_begin, my.share.block_end}, my.sums);
    }

    // sums += rows of a times a weight's rows for `blocks`.
    void multiply(const ForwardWeight& one, const GateColumns& set, ConstRows a, Index rows, Range blocks, Rows sums,
                  Order order = Order::ascending, PrefetchQueue* queue = nullptr) {
        if (!in_place()) {
            const Range panels = {blocks.begin * set.count / 2, ceil_div(blocks.end * set.count, 2)};
            return product(a, rows, one.panels(), panels, sums, order, queue);
        }
        for (Index i = blocks.begin; i < blocks.end; i++) {
            const Index block = order == Order::ascending ? i : blocks.begin + blocks.end - 1 - i;
            for (Index k = 0; k < set.count; k++) {
                const Index gate = set.gates[k];
                const ConstRows weight = {one.weight + (gate * call.H + block * W) * one.K, one.K};
                const Rows out = sums.right((block * Cell::slots + set.slots[gate]) * W);
                dot_product(a, rows, weight, units.lanes(block), one.K, out);
            }
        }
    }

    void step(Thread& my, Index s, Rows sums) {
        const Index active = sequence.active(s, my.share);
        const Index next = sequence.active(s + 1, my.share);
        if constexpr (Cell::reset_before) reset(my, active, sums);
        // Two blocks of units at a time, so that their sums are still near when the equation reads them; with few rows
        // all blocks at once, so that the product finds enough columns to work on. Every other step goes from the last
        // block to the first: what of W_hh the caches still hold is the end that was used last.
        const Order order = s % 2 ? Order::descending : Order::ascending;
        const Index width = active <= 3 ? units.blocks() + 1 : 2;
        const Index parts = ceil_div(my.share.block_end - my.share.block_begin, width);
        PrefetchQueue queue = prefetch_next(my, s, active, next);
        for (Index part = 0; part < parts; part++) {
            const Index begin = my.share.block_begin + (order == Order::descending ? parts - 1 - part : part) * width;
            const Range blocks = {begin, min(my.share.block_end, begin + width)};
            multiply(Cell::reset_before ? second_weight : hidden_weight, last, Cell::reset_before ? my.reset : my.h,
                     active, blocks, sums, order, &queue);
            for (Index row = 0; row < active; row++) equation(my, sequence.time(s), row, blocks, sums[row]);
        }
        if (!call.backward) finish(my, next, active);
        if (Cell::has_cell && !call.backward && sequence.ends_segment(s)) save_checkpoint(my, s, min(active, next));
        activate(my, my.h_next, s + 1, active, next);
        if (split == Split::units) barrier.wait();
        const Rows h = my.h;
        my.h = my.h_next;
        my.h_next = h;
    }

    // Queues what the step after s will write for the backward pass, unless it is stored non-temporally.
    PrefetchQueue prefetch_next(const Thread& my, Index s, Index active, Index next) {
        PrefetchQueue queue(prefetch_calls(active, call.H, forward_panels(call.H, last.count)));
        if (next == 0 || call.gates == nullptr || results == Store::nontemporal) return queue;
        if (split == Split::units || sequence.ends_segment(s)) return queue;
        const Index kept = sequence.first_row(sequence.time(s + 1)) + my.share.row_begin - my.kept_from;
        queue.add(call.gates + kept * Cell::saved * call.H, next * Cell::saved * call.H);
        if (Cell::has_cell) queue.add(call.cells + kept * call.H, next * call.H);
        return queue;
    }

    // r h', once r is known: the operand of the second product.
    void reset(Thread& my, Index active, Rows sums) {
        const Range blocks = {my.share.block_begin, my.share.block_end};
        multiply(hidden_weight, hidden, my.h, active, blocks, sums);
        for (Index row = 0; row < active; row++) {
            for (Index block = blocks.begin; block < blocks.end; block++) {
                const Index unit = block * W;
                const Index lanes = units.lanes(block);
                const V a_r = load(sums[row] + (block * Cell::slots + Cell::hidden_slot[0]) * W);
                store(my.reset[row] + unit, Cell::reset(a_r, load(my.h[row] + unit, lanes)), lanes);
            }
        }
        if (split == Split::units) barrier.wait();
    }

    // The equation for `blocks` of one row of the step at time t.
    void equation(Thread& my, Index t, Index row, Range blocks, const float* sums) {
        const Index H = call.H;
        const Index out = sequence.first_row(t) + my.share.row_begin + row;
        const Index kept = out - my.kept_from;
        const float* h_before = my.h[row];
        float* h = my.h_next[row];
        float* c = Cell::has_cell ? my.c + row * units.padded() : nullptr;
        float* y = call.backward ? nullptr : call.y + out * H;
        float* cells = Cell::has_cell && call.gates != nullptr ? call.cells + kept * H : nullptr;
        float* gates = call.gates == nullptr ? nullptr : call.gates + kept * Cell::saved * H;
        for (Index block = blocks.begin; block < blocks.end; block++) {
            const Index lanes = units.lanes(block);
            const Index unit = block * W;
            V a[Cell::slots], saved[Cell::saved + 1];
            for (int k = 0; k < Cell::slots; k++) a[k] = load(sums + (block * Cell::slots + k) * W);
            const State before = {load(h_before + unit, lanes), Cell::has_cell ? load(c + unit) : V{}};
            const State now = Cell::forward(a, before, saved);
            store(h + unit, now.h, lanes);
            if (y != nullptr) store(y + unit, now.h, lanes);
            if (Cell::has_cell) store(c + unit, now.c);
            if (cells != nullptr) store_result(cells + unit, now.c, lanes, results);
            if (gates == nullptr) continue;
            for (int k = 0; k < Cell::saved; k++) store_result(gates + k * H + unit, saved[k], lanes, results);
        }
    }

    // Step s was the last of a segment: saves the c of `rows` rows, from which the next segment will start.
    void save_checkpoint(Thread& my, Index s, Index rows) {
        for (Index row = 0; row < rows; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index batch_row = s / call.segment * call.B + my.share.row_begin + row;
                store(call.checkpoints + batch_row * call.H + block * W, load(my.c + row * units.padded() + block * W),
                      units.lanes(block));
            }
        }
    }

    // Rows [begin, end) have no further step: their state is their last one.
    void finish(Thread& my, Index begin, Index end) {
        each_block(my.share, begin, end, [&](Index row, Index unit, Index lanes, Index out) {
            if (call.h_n != nullptr) store(call.h_n + out, load(my.h_next[row] + unit, lanes), lanes);
            if (Cell::has_cell) store(call.c_n + out, load(my.c + row * units.padded() + unit), lanes);
        });
    }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
