// The backward pass through time. Going back over a few steps, each member computes the gradients of its rows' sums and
// carries dh and dc to the step before; then the whole team adds those steps' share of the weight gradients, each
// member some rows of the matrices, while the gradients of the sums are still in the cache: at no time do they exist
// for the whole sequence. A call with segments runs each of them forward again when the way back reaches its last turn;
// all else, the order of every sum too, is as in a call without.
#pragma once

#include "cells.h"
#include "forward.h"
#include "sequence.h"
#include "weight_gradient.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows of gradients that a member gathers between two products for the weight gradients.
constexpr Index gathered_rows = 256;

template <class Cell>
struct BackwardPass {
    struct Member {
        Share share;
        Gathered<Cell> gathered;  // everybody's, where the units are split
        Index count;              // of the rows gathered
        float *reset, *dh, *dc, *dreset, *dx;
        Index kept_from;  // the row of the N at which gates and cells begin
    };

    const elman_call& call;
    Sequence sequence;
    Units units;
    int members;
    bool split_units;
    Barrier barrier;
    Index steps;
    bool large;  // what is recorded does not fit in a cache
    float *hidden_data, *second_data, *input_data;
    int* column;
    Member* member;
    WeightGradient<Cell>* weight;
    ForwardPass<Cell> again;  // where the call has segments

    // The slots that W_hh's product reaches stand together, from this one on; so do W_ih's, from 0 on.
    static constexpr Index hidden_first = Cell::hidden_slot[0];
    static constexpr Index hidden_gates = Cell::reset_before ? 2 : Cell::gates;

    BackwardPass(const elman_call& call, const Index* offset, int members, bool split_units)
        : call(call), sequence{call, offset}, units{call.H}, members(members), split_units(split_units),
          barrier(members), again(call, offset, members, split_units) {
        steps = max(1, min(call.T, gathered_rows / (split_units ? call.B : ceil_div(call.B, members))));
        large = sequence.rows() * call.H * (Cell::gates + 1) > cached_floats;
    }

    Index column_panels() const { return ceil_div(max(call.H, call.I), panel_width); }
    Index h_stride() const { return round_up(call.H, panel_width); }
    Index x_stride() const { return round_up(call.I, panel_width); }

    void lay_out(Layout& layout) {
        if (call.segment != 0) again.lay_out(layout);
        const Index H = call.H, h_panels = ceil_div(H, panel_width), x_panels = ceil_div(call.I, panel_width);
        hidden_data = layout.floats(h_panels * hidden_gates * H * panel_width);
        second_data = Cell::reset_before ? layout.floats(h_panels * H * panel_width) : nullptr;
        input_data = call.grad_x != nullptr ? layout.floats(x_panels * Cell::gates * H * panel_width) : nullptr;
        column = layout.array<int>(2 * column_panels());
        member = layout.array<Member>(members);
        weight = layout.array<WeightGradient<Cell>>(members);
        Member shared = {};
        for (int m = 0; m < members; m++) {
            Member one = shared;
            one.share = share_of(sequence, m, members, split_units);
            const Index rows = one.share.rows();
            if (m == 0 || !split_units) {
                one.gathered.lay_out(layout, call, steps * rows);
                one.dh = layout.floats(rows * h_stride());
                one.dc = Cell::has_cell ? layout.floats(rows * h_stride()) : nullptr;
                one.reset = Cell::reset_before ? layout.floats(steps * rows * H) : nullptr;
                one.dreset = Cell::reset_before ? layout.floats(rows * h_stride()) : nullptr;
                one.dx = call.grad_x != nullptr ? layout.floats(steps * rows * x_stride()) : nullptr;
                if (split_units) shared = one;
            }
            if (member == nullptr) continue;
            member[m] = one;
            weight[m] = WeightGradient<Cell>(call, m, members);
        }
    }

    void run(int m) {
        pack(m);
        weight[m].clear();
        if (call.segment != 0) again.pack(m);
        barrier.wait();
        Member& my = member[m];
        for (Index last = call.T; last > 0; last -= min(last, steps)) {
            const Index first = max(0, last - steps);
            my.count = 0;
            for (Index s = last; s-- > first;) {
                if (sequence.ends_segment(s)) walk_again(m, s);
                step(my, s);
            }
            if (split_units) barrier.wait();
            input_gradient(m);
            my.gathered.pack(call, my.count, split_units ? m : 0, split_units ? members : 1);
            barrier.wait();
            for (int other = 0; other < (split_units ? 1 : members); other++)
                weight[m].add(member[other].gathered, member[other].count);
            barrier.wait();
        }
        if (large) finish_stores();
    }

  private:
    // Panels over the columns of a weight, for the sums' gradients times it. Its row blocks stand in the order of slots.
    void pack(int m) {
        const auto part = [&](float* data, const float* weight, Index width, const int* slot, Index first_slot,
                              Index gates) {
            const Index panels = ceil_div(width, panel_width), H = call.H, K = gates * H;
            for (Index p = panels * m / members; p < panels * (m + 1) / members; p++) {
                pack_rows(data + p * K * panel_width, K, width - p * panel_width, [&](Index k) {
                    Index gate = 0;
                    while (slot[gate] != first_slot + k / H) gate++;
                    return weight + (gate * H + k % H) * width + p * panel_width;
                });
            }
        };
        part(hidden_data, call.weight_hh, call.H, Cell::hidden_slot, hidden_first, hidden_gates);
        if (Cell::reset_before) part(second_data, call.weight_hh, call.H, Cell::hidden_slot, 0, 1);
        if (call.grad_x != nullptr) part(input_data, call.weight_ih, call.I, Cell::input_slot, 0, Cell::gates);
        if (m == 0)
            for (int v = 0; v < 2 * column_panels(); v++) column[v] = v * W;
    }

    // Runs the segment that ends with turn s again. Its gates and cells take the place of the later segment's; a member
    // reads none but its own.
    void walk_again(int m, Index s) {
        again.walk(m, sequence.segment_begin(s), s + 1);
        member[m].kept_from = again.member[m].kept_from;
    }

    // Goes back over the step of turn s.
    void step(Member& my, Index s) {
        const Index active = sequence.active(s, my.share), before = sequence.active(s - 1, my.share);
        const Index from = my.count;
        start_rows(my, sequence.active(s + 1, my.share), active);
        for (Index row = 0; row < active; row++) gather(my, s, row, before);
        my.count += active;
        float* sums = my.gathered.sums + from * my.gathered.stride;
        if (split_units) barrier.wait();
        if constexpr (Cell::reset_before) {
            through_reset(my, s, active, before, from);
            if (split_units) barrier.wait();
        }
        Upcoming next = upcoming(my, s, active, before);
        carry({hidden_data, column, hidden_gates * call.H}, my, sums + hidden_first * call.H, active, my.dh, s % 2, &next);
        leave_rows(my, before, active);
    }

    void carry(const Panels& panels, const Member& my, const float* sums, Index rows, float* out,
               bool backwards = false, Upcoming* upcoming = nullptr) {
        product(sums, my.gathered.stride, rows, panels, my.share.block_begin / 2, ceil_div(my.share.block_end, 2), out,
                h_stride(), backwards, upcoming);
    }

    // Rows [begin, end) have their last turn here: the gradient of their last state arrives.
    void start_rows(Member& my, Index begin, Index end) {
        for (Index row = begin; row < end; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index unit = block * W, lanes = units.lanes(block), at = row * h_stride() + unit;
                const Index from = (my.share.row_begin + row) * call.H + unit;
                store(my.dh + at, call.grad_h_n == nullptr ? V{} : load(call.grad_h_n + from, lanes));
                if (Cell::has_cell) store(my.dc + at, call.grad_c_n == nullptr ? V{} : load(call.grad_c_n + from, lanes));
            }
        }
    }

    // Rows [begin, end) have their first turn here: what is left is the gradient of their initial state.
    void leave_rows(Member& my, Index begin, Index end) {
        for (Index row = begin; row < end; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index unit = block * W, lanes = units.lanes(block), at = row * h_stride() + unit;
                const Index out = (my.share.row_begin + row) * call.H + unit;
                if (call.grad_h_0 != nullptr) store(call.grad_h_0 + out, load(my.dh + at), lanes);
                if (Cell::has_cell && call.grad_c_0 != nullptr) store(call.grad_c_0 + out, load(my.dc + at), lanes);
            }
        }
    }

    // The equation's gradient for one row of turn s, and a note of the row's operands.
    void gather(Member& my, Index s, Index row, Index active_before) {
        const Index t = sequence.time(s), H = call.H, batch_row = my.share.row_begin + row;
        const Index at = sequence.first_row(t) + batch_row, index = my.count + row;
        const Index kept = at - my.kept_from;
        const float* h_before = sequence.h_before(s, my.share, row, active_before);
        const float* c_before =
            Cell::has_cell ? sequence.c_before(s, my.share, row, active_before, my.kept_from) : nullptr;
        const float* grad_y = call.grad_y == nullptr ? nullptr : sequence.grad_y_row(t, batch_row);
        float* sums = my.gathered.sums + index * my.gathered.stride;
        my.gathered.rows[index] = {at, sequence.x_row(t, batch_row), h_before,
                                   Cell::reset_before ? my.reset + index * H : nullptr};
        for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
            const Index unit = block * W, lanes = units.lanes(block);
            float *dh = my.dh + row * h_stride() + unit, *dc = nullptr;
            State before = {load(h_before + unit, lanes), V{}}, now = {load(call.y + at * H + unit, lanes), V{}};
            State d = {load(dh), V{}};
            if (grad_y != nullptr) d.h = d.h + load(grad_y + unit, lanes);
            if (Cell::has_cell) {
                dc = my.dc + row * h_stride() + unit;
                before.c = load(c_before + unit, lanes), now.c = load(call.cells + kept * H + unit, lanes), d.c = load(dc);
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

    // What gather() will read for the step before turn s.
    Upcoming upcoming(const Member& my, Index s, Index active, Index before) {
        Upcoming found(chains_of(active, hidden_gates * call.H, ceil_div(call.H, panel_width)));
        if (before == 0 || split_units || sequence.begins_segment(s)) return found;
        const Index t = sequence.time(s - 1), H = call.H;
        const Index at = sequence.first_row(t) + my.share.row_begin, kept = at - my.kept_from;
        if (Cell::saved > 0) found.add(call.gates + kept * Cell::saved * H, before * Cell::saved * H);
        found.add(Cell::has_cell ? call.cells + kept * H : call.y + at * H, before * H);
        if (call.grad_y != nullptr && call.grad_y_row == H)
            found.add(sequence.grad_y_row(t, my.share.row_begin), before * H);
        return found;
    }

    // For the caller's record of this step. A reset gate before the product follows in through_reset().
    void record(Index at, Index unit, State d, const V (&da)[Cell::slots], Index lanes) {
        if (call.grad_h != nullptr) keep(call.grad_h + at * call.H + unit, d.h, lanes, large);
        if (Cell::has_cell && call.grad_c != nullptr) keep(call.grad_c + at * call.H + unit, d.c, lanes, large);
        if (call.grad_gates == nullptr) return;
        for (Index gate = Cell::reset_before; gate < Cell::gates; gate++)
            keep(grad_gate(at, gate) + unit, da[Cell::input_slot[gate]], lanes, large);
    }

    float* grad_gate(Index at, Index gate) const { return call.grad_gates + (at * Cell::gates + gate) * call.H; }

    // With the reset gate before the product: n's gradient goes through W_hn to r h', and from there to r and h'.
    void through_reset(Member& my, Index s, Index active, Index active_before, Index from) {
        const Index t = sequence.time(s), H = call.H;
        for (Index row = 0; row < active; row++) {
            for (Index block = my.share.block_begin; block < my.share.block_end; block++)
                store(my.dreset + row * h_stride() + block * W, V{});
        }
        const Index stride = my.gathered.stride;
        float* sums = my.gathered.sums + from * stride;
        carry({second_data, column, H}, my, sums, active, my.dreset);
        for (Index row = 0; row < active; row++) {
            const Index batch_row = my.share.row_begin + row, at = sequence.first_row(t) + batch_row;
            const Index kept = at - my.kept_from;
            const float* h_before = sequence.h_before(s, my.share, row, active_before);
            for (Index block = my.share.block_begin; block < my.share.block_end; block++) {
                const Index unit = block * W, lanes = units.lanes(block);
                const V r = load(call.gates + kept * Cell::saved * H + unit, lanes), h = load(h_before + unit, lanes);
                float* dh = my.dh + row * h_stride() + unit;
                V da_r;
                const V share = Cell::backward_reset(r, h, load(my.dreset + row * h_stride() + unit), da_r);
                store(sums + row * stride + Cell::hidden_slot[0] * H + unit, da_r, lanes);
                if (call.grad_gates != nullptr) keep(grad_gate(at, 0) + unit, da_r, lanes, large);
                store(my.reset + (from + row) * H + unit, r * h, lanes);
                store(dh, load(dh) + share);
            }
        }
    }

    // dx = da W_ih for the gathered rows.
    void input_gradient(int m) {
        if (call.grad_x == nullptr) return;
        Member& my = member[m];
        const Index begin = split_units ? my.count * m / members : 0;
        const Index end = split_units ? my.count * (m + 1) / members : my.count;
        float* dx = my.dx + begin * x_stride();
        std::memset(dx, 0, static_cast<std::size_t>((end - begin) * x_stride()) * sizeof(float));
        const Index stride = my.gathered.stride;
        product(my.gathered.sums + begin * stride, stride, end - begin, {input_data, column, Cell::gates * call.H}, 0,
                ceil_div(call.I, panel_width), dx, x_stride());
        for (Index row = begin; row < end; row++) {
            std::memcpy(call.grad_x + my.gathered.rows[row].at * call.I, my.dx + row * x_stride(),
                        static_cast<std::size_t>(call.I) * sizeof(float));
        }
    }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
