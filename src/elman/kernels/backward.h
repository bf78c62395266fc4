// The backward pass through time. Over a few steps at a time, each thread computes the gradients of its rows' sums and
// carries dh and dc to the step before; then all threads add those steps' part of the weight gradients, each thread
// some rows of the matrices, while the gradients of the sums are still in the cache: at no time do they exist for the
// whole sequence. A call with segments runs each of them forward again when this pass reaches its last step; all else, the
// order of every sum too, is as in a call without.
#pragma once

#include "cells.h"
#include "forward.h"
#include "sequence.h"
#include "weight_gradient.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows of gradients that a thread gathers between two products for the weight gradients.
constexpr Index gathered_rows = 256;

// One weight, for the product of the sums' gradients with it: its row blocks in the order of slots, from `first_slot` on.
struct BackwardWeight {
    const float* weight;  // null where the product is not wanted
    Index H, width;
    const int* slot;  // by gate
    Index first_slot, gates;
    float* data;  // its panels; null where it is read in place

    Index K() const { return gates * H; }
    Index panels() const { return ceil_div(width, panel_width); }
    const float* row(Index k) const {
        Index gate = 0;
        while (slot[gate] != first_slot + k / H) gate++;
        return weight + (gate * H + k % H) * width;
    }
    void lay_out(Layout& layout) {
        if (weight != nullptr) data = layout.floats(panels() * K() * panel_width);
    }
    // Packs panels over the weight's columns.
    void pack(Index part, Index parts) const {
        if (weight == nullptr) return;
        for (Index p = panels() * part / parts; p < panels() * (part + 1) / parts; p++)
            pack_rows(data + p * K() * panel_width, K(), width - p * panel_width,
                      [&](Index k) { return row(k) + p * panel_width; });
    }
};

template <class Cell>
struct BackwardPass : SequencePass {
    struct Thread {
        Share share;
        Gathered<Cell> gathered;  // shared by all threads, where the units are split
        Index count;              // of the rows gathered
        Rows dh, dc, dreset, dx;
        float* reset;
        Index kept_from;  // the row of the N at which gates and cells begin
    };

    Index steps;
    Store results;  // of what is recorded
    BackwardWeight hidden_weight, second_weight, input_weight;
    int* column;
    Thread* thread;
    WeightGradient<Cell>* weight;
    ForwardPass<Cell> recompute;  // where the call has segments

    // The slots that W_hh's product reaches are neighbours, from this one on; so are W_ih's, from 0 on.
    static constexpr Index hidden_first = Cell::hidden_slot[0];
    static constexpr Index hidden_gates = Cell::reset_before ? 2 : Cell::gates;

    BackwardPass(const elman_call& call, const Index* offset, int threads, Split split)
        : SequencePass(call, offset, threads, split), recompute(call, offset, threads, split) {
        steps = max(1, min(call.T, gathered_rows / thread_rows()));
        results = store_kind(sequence.rows() * call.H * (Cell::gates + 1));
        const float* second = Cell::reset_before ? call.weight_hh : nullptr;
        const float* input = call.grad_x != nullptr ? call.weight_ih : nullptr;
        hidden_weight = {call.weight_hh, call.H, call.H, Cell::hidden_slot, hidden_first, hidden_gates, nullptr};
        second_weight = {second, call.H, call.H, Cell::hidden_slot, 0, 1, nullptr};
        input_weight = {input, call.H, call.I, Cell::input_slot, 0, Cell::gates, nullptr};
    }

    Index column_panels() const { return ceil_div(max(call.H, call.I), panel_width); }
    Index h_stride() const { return round_up(call.H, panel_width); }
    Index x_stride() const { return round_up(call.I, panel_width); }

    void lay_out(Layout& layout) {
        if (call.segment != 0) recompute.lay_out(layout);
        const Index H = call.H;
        const auto floats = [&](bool wanted, Index count) { return wanted ? layout.floats(count) : nullptr; };
        if (!in_place()) {
            hidden_weight.lay_out(layout);
            second_weight.lay_out(layout);
            input_weight.lay_out(layout);
        }
        column = layout.array<int>(2 * column_panels());
        thread = layout.array<Thread>(threads);
        weight = layout.array<WeightGradient<Cell>>(threads);
        Thread shared = {};
        for (int i = 0; i < threads; i++) {
            Thread one = shared;
            one.share = share_of(sequence, i, threads, split);
            const Index rows = one.share.rows();
            if (i == 0 || split == Split::rows) {
                one.gathered.lay_out(layout, call, steps * rows);
                one.dh = {layout.floats(rows * h_stride()), h_stride()};
                one.dc = {floats(Cell::has_cell, rows * h_stride()), h_stride()};
                one.reset = floats(Cell::reset_before, steps * rows * H);
                one.dreset = {floats(Cell::reset_before, rows * h_stride()), h_stride()};
                one.dx = {floats(call.grad_x != nullptr, steps * rows * x_stride()), x_stride()};
                if (split == Split::units) shared = one;
            }
            if (thread == nullptr) continue;
            thread[i] = one;
            weight[i] = WeightGradient<Cell>(call, i, threads);
        }
    }

    void run(int i) {
        pack(i);
        weight[i].clear_biases();
        if (call.segment != 0) recompute.pack(i);
        barrier.wait();
        Thread& my = thread[i];
        const bool shared = split == Split::units;
        for (Index last = call.T; last > 0; last -= min(last, steps)) {
            const Index first = max(0, last - steps);
            my.count = 0;
            for (Index s = last; s-- > first;) {
                if (sequence.ends_segment(s)) recompute_segment(i, s);
                step(my, s);
            }
            if (shared) barrier.wait();
            input_gradient(i);
            my.gathered.pack(call, my.count, shared ? i : 0, shared ? threads : 1);
            barrier.wait();
            for (int other = 0; other < (shared ? 1 : threads); other++)
                weight[i].add(thread[other].gathered, thread[other].count);
            barrier.wait();
        }
        if (results == Store::nontemporal) finish_stores();
    }

  private:
    void pack(int i) {
        if (i == 0)
            for (int v = 0; v < 2 * column_panels(); v++) column[v] = v * W;
        if (in_place()) return;
        hidden_weight.pack(i, threads);
        second_weight.pack(i, threads);
        input_weight.pack(i, threads);
    }

    // Runs the segment that ends with step s forward again. Its gates and cells overwrite the later segment's; a thread
    // reads none but its own.
    void recompute_segment(int i, Index s) {
        recompute.process(i, sequence.segment_begin(s), s + 1);
        thread[i].kept_from = recompute.thread[i].kept_from;
    }

    // The backward pass of step s.
    void step(Thread& my, Index s) {
        const Index active = sequence.active(s, my.share);
        const Index before = sequence.active(s - 1, my.share);
        const Index from = my.count;
        start_rows(my, sequence.active(s + 1, my.share), active);
        for (Index row = 0; row < active; row++) gather(my, s, row, before);
        my.count += active;
        const Rows sums = my.gathered.sums.from(from);
        if (split == Split::units) barrier.wait();
        if constexpr (Cell::reset_before) {
            through_reset(my, s, active, before, from);
            if (split == Split::units) barrier.wait();
        }
        if (before > 0 || call.grad_h_0 != nullptr) {
            PrefetchQueue queue = prefetch_next(my, s, active, before);
            carry(hidden_weight, my, sums.right(hidden_first * call.H), active, my.dh,
                  s % 2 ? Order::descending : Order::ascending, &queue);
        }
        leave_rows(my, before, active);
    }

    void carry(const BackwardWeight& one, const Thread& my, ConstRows sums, Index rows, Rows out,
               Order order = Order::ascending, PrefetchQueue* queue = nullptr) {
        multiply(one, sums, rows, {my.share.block_begin / 2, ceil_div(my.share.block_end, 2)}, out, order, queue);
    }

    // out += rows of the sums' gradients times a weight, over the columns of the panels `wanted`.
    void multiply(const BackwardWeight& one, ConstRows sums, Index rows, Range wanted, Rows out,
                  Order order = Order::ascending, PrefetchQueue* queue = nullptr) {
        if (!in_place()) return product(sums, rows, {one.data, column, one.K()}, wanted, out, order, queue);
        const Range columns = {wanted.begin * panel_width, min(one.width, wanted.end * panel_width)};
        column_product(sums, rows, one.K(), columns, out, [&](Index k) { return one.row(k); });
    }

    // Rows [begin, end) have their last step here: the gradient of their last state is added.
    void start_rows(Thread& my, Index begin, Index end) {
        each_block(my.share, begin, end, [&](Index row, Index unit, Index lanes, Index from) {
            const auto given = [&](const float* grad) { return grad == nullptr ? V{} : load(grad + from, lanes); };
            store(my.dh[row] + unit, given(call.grad_h_n));
            if (Cell::has_cell) store(my.dc[row] + unit, given(call.grad_c_n));
        });
    }

    // Rows [begin, end) have their first step here: what is left is the gradient of their initial state.
    void leave_rows(Thread& my, Index begin, Index end) {
        each_block(my.share, begin, end, [&](Index row, Index unit, Index lanes, Index out) {
            if (call.grad_h_0 != nullptr) store(call.grad_h_0 + out, load(my.dh[row] + unit), lanes);
            if (Cell::has_cell && call.grad_c_0 != nullptr) store(call.grad_c_0 + out, load(my.dc[row] + unit), lanes);
        });
    }

    // Computes the equation's gradient for one row of step s, and gathers the row's operands.
    void gather(Thread& my, Index s, Index row, Index active_before) {
        const Index t = sequence.time(s);
        const Index H = call.H;
        const Index batch_row = my.share.row_begin + row;
        const Index at = sequence.first_row(t) + batch_row;
        const Index index = my.count + row;
        const Index kept = at - my.kept_from;
        const float* h_before = sequence.h_before(s, my.share, row, active_before);
        const float* c_before =
            Cell::has_cell ? sequence.c_before(s, my.share, row, active_before, my.kept_from) : nullptr;
        const float* grad_y = call.grad_y == nullptr ? nullptr : sequence.grad_y_row(t, batch_row);
        float* sums = my.gathered.sums[index];
        my.gathered.rows[index] = {at, sequence.x_row(t, batch_row), h_before,
                                   Cell::reset_before ? my.reset + index * H : nullptr};
        for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
            const Index unit = block * W;
            const Index lanes = units.lanes(block);
            float* dh = my.dh[row] + unit;
            float* dc = nullptr;
            State before = {load(h_before + unit, lanes), V{}};
            State now = {load(call.y + at * H + unit, lanes), V{}};
            State d = {load(dh), V{}};
            if (grad_y != nullptr) d.h = d.h + load(grad_y + unit, lanes);
            if (Cell::has_cell) {
                dc = my.dc[row] + unit;
                before.c = load(c_before + unit, lanes);
                now.c = load(call.cells + kept * H + unit, lanes);
                d.c = load(dc);
            }
            V saved[Cell::saved + 1], da[Cell::slots];
            for (int k = 0; k < Cell::saved; k++)
                saved[k] = load(call.gates + (kept * Cell::saved + k) * H + unit, lanes);
            const State carried = Cell::backward(saved, before, now, d, da);
            for (int k = 0; k < Cell::slots; k++) store(sums + k * H + unit, da[k], lanes);
            store(dh, carried.h);
            if (Cell::has_cell) store(dc, carried.c);
            record(at, unit, d, da, lanes);
        }
    }

    // Queues what gather() will read for the step before s.
    PrefetchQueue prefetch_next(const Thread& my, Index s, Index active, Index before) {
        PrefetchQueue queue(prefetch_calls(active, hidden_gates * call.H, ceil_div(call.H, panel_width)));
        if (before == 0 || split == Split::units || sequence.begins_segment(s)) return queue;
        const Index t = sequence.time(s - 1);
        const Index H = call.H;
        const Index at = sequence.first_row(t) + my.share.row_begin;
        const Index kept = at - my.kept_from;
        if (Cell::saved > 0) queue.add(call.gates + kept * Cell::saved * H, before * Cell::saved * H);
        queue.add(Cell::has_cell ? call.cells + kept * H : call.y + at * H, before * H);
        if (call.grad_y != nullptr && call.grad_y_row == H)
            queue.add(sequence.grad_y_row(t, my.share.row_begin), before * H);
        return queue;
    }

    // Writes the caller's record of this step. A reset gate before the product is written in through_reset().
    void record(Index at, Index unit, State d, const V (&da)[Cell::slots], Index lanes) {
        if (call.grad_h != nullptr) store_result(call.grad_h + at * call.H + unit, d.h, lanes, results);
        if (Cell::has_cell && call.grad_c != nullptr)
            store_result(call.grad_c + at * call.H + unit, d.c, lanes, results);
        if (call.grad_gates == nullptr) return;
        for (Index gate = Cell::reset_before; gate < Cell::gates; gate++)
            store_result(grad_gate(at, gate) + unit, da[Cell::input_slot[gate]], lanes, results);
    }

    float* grad_gate(Index at, Index gate) const { return call.grad_gates + (at * Cell::gates + gate) * call.H; }

    // With the reset gate before the product: n's gradient goes through W_hn to r h', and from there to r and h'.
    void through_reset(Thread& my, Index s, Index active, Index active_before, Index from) {
        const Index t = sequence.time(s);
        const Index H = call.H;
        for (Index row = 0; row < active; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++)
                store(my.dreset[row] + block * W, V{});
        }
        const Rows sums = my.gathered.sums.from(from);
        carry(second_weight, my, sums, active, my.dreset);
        for (Index row = 0; row < active; row++) {
            const Index at = sequence.first_row(t) + my.share.row_begin + row;
            const Index kept = at - my.kept_from;
            const float* h_before = sequence.h_before(s, my.share, row, active_before);
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index unit = block * W;
                const Index lanes = units.lanes(block);
                const V r = load(call.gates + kept * Cell::saved * H + unit, lanes);
                const V h = load(h_before + unit, lanes);
                float* dh = my.dh[row] + unit;
                V da_r;
                const V share = Cell::backward_reset(r, h, load(my.dreset[row] + unit), da_r);
                store(sums[row] + Cell::hidden_slot[0] * H + unit, da_r, lanes);
                if (call.grad_gates != nullptr) store_result(grad_gate(at, 0) + unit, da_r, lanes, results);
                store(my.reset + (from + row) * H + unit, r * h, lanes);
                store(dh, load(dh) + share);
            }
        }
    }

    // dx = da W_ih for the gathered rows.
    void input_gradient(int i) {
        if (call.grad_x == nullptr) return;
        Thread& my = thread[i];
        const bool shared = split == Split::units;
        const Index begin = shared ? my.count * i / threads : 0;
        const Index end = shared ? my.count * (i + 1) / threads : my.count;
        const Rows dx = my.dx.from(begin);
        std::memset(dx.data, 0, static_cast<std::size_t>((end - begin) * x_stride()) * sizeof(float));
        multiply(input_weight, my.gathered.sums.from(begin), end - begin, {0, input_weight.panels()}, dx);
        for (Index row = begin; row < end; row++) {
            std::memcpy(call.grad_x + my.gathered.rows[row].at * call.I, my.dx[row],
                        static_cast<std::size_t>(call.I) * sizeof(float));
        }
    }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
