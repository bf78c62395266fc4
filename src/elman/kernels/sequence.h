// What the forward and the backward pass over a sequence share: the order of its steps, the rows that are active in
// each, and how the work is split over threads.
#pragma once

#include "elman.h"
#include "threads.h"
#include "product.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows of scratch stand 16 floats further apart than they are long: at a power of two, the rows of a tile would fall
// into the same cache set and push each other out.
constexpr Index row_padding = 16;

// What is kept beyond this, 16 MiB, is gone from the caches before anybody comes for it.
constexpr Index cached_floats = 4 << 20;

inline void keep(float* to, V v, Index lanes, bool large) {
    if (large) {
        store_past_caches(to, v, lanes);
    } else {
        store(to, v, lanes);
    }
}

// Grows as a call lays out its scratch: once without memory, to measure, and once with it.
class Layout {
  public:
    explicit Layout(float* base) : base_(base) {}
    float* floats(Index count) {
        float* found = base_ == nullptr ? nullptr : base_ + used_;
        used_ += round_up(count, 16);  // a cache line
        return found;
    }
    template <class T>
    T* array(Index count) {
        return reinterpret_cast<T*>(floats(ceil_div(count * static_cast<Index>(sizeof(T)), sizeof(float))));
    }
    Index used() const { return used_; }

  private:
    float* base_;
    Index used_ = 0;
};

// One member's part of the work: its rows of the batch, and its blocks of W hidden units. Either the rows are split,
// and no member waits for another within a step, or, with fewer rows than threads, the units.
struct Share {
    Index row_begin, row_end, block_begin, block_end;
    Index rows() const { return row_end - row_begin; }
};

struct Sequence {
    const elman_call& call;
    const Index* offset;  // (T + 1,) rows before each step; null when every step has B

    Index rows() const { return offset == nullptr ? call.T * call.B : offset[call.T]; }
    // The step of time processed in turn s.
    Index time(Index s) const { return call.reverse ? call.T - 1 - s : s; }
    Index first_row(Index t) const { return offset == nullptr ? t * call.B : offset[t]; }
    // Rows of `share` active in turn s; none before the first turn and after the last.
    Index active(Index s, const Share& share) const {
        if (s < 0 || s >= call.T) return 0;
        const Index all = call.batch_sizes == nullptr ? call.B : call.batch_sizes[time(s)];
        return max(0, min(all, share.row_end) - share.row_begin);
    }
    const float* row_of(const float* data, Index step_stride, Index row_stride, Index t, Index row) const {
        return offset == nullptr ? data + t * step_stride + row * row_stride : data + (offset[t] + row) * row_stride;
    }
    const float* x_row(Index t, Index row) const { return row_of(call.x, call.x_step, call.x_row, t, row); }
    const float* grad_y_row(Index t, Index row) const {
        return row_of(call.grad_y, call.grad_y_step, call.grad_y_row, t, row);
    }
    // The h that turn s starts from: the last turn's, or the initial one in rows that were not active then.
    const float* h_before(Index s, const Share& share, Index row, Index active_before) const {
        const Index batch_row = share.row_begin + row;
        if (row < active_before) return call.y + (first_row(time(s - 1)) + batch_row) * call.H;
        return call.h_0 + batch_row * call.H;
    }
    // The c that turn s starts from. Of the cells, row `kept_from` of the N and what follows are in memory.
    const float* c_before(Index s, const Share& share, Index row, Index active_before, Index kept_from) const {
        const Index batch_row = share.row_begin + row;
        if (row >= active_before) return call.c_0 + batch_row * call.H;
        if (begins_segment(s)) return call.borders + ((s / call.segment - 1) * call.B + batch_row) * call.H;
        return call.cells + (first_row(time(s - 1)) + batch_row - kept_from) * call.H;
    }
    // Segments, where the call has any: turn s is the first of one, or [segment_begin(s), s] is one.
    bool begins_segment(Index s) const { return call.segment != 0 && s % call.segment == 0; }
    bool ends_segment(Index s) const { return call.segment != 0 && (s + 1 == call.T || begins_segment(s + 1)); }
    Index segment_begin(Index s) const { return s - s % call.segment; }
    // The rows that a segment of turns holds at most.
    Index kept_rows() const { return call.segment == 0 ? rows() : min(rows(), call.segment * call.B); }
};

// Hidden units in blocks of W; panels hold two vectors, so two blocks of G gates fill G panels: a group.
struct Units {
    Index H;
    Index blocks() const { return ceil_div(H, W); }
    Index padded() const { return blocks() * W; }
    Index lanes(Index block) const { return min(W, H - block * W); }
};

// The row at which member `m` of `members` begins, so that all have about as many steps to compute.
inline Index split_rows(const Sequence& sequence, Index m, Index members) {
    const elman_call& call = sequence.call;
    if (call.batch_sizes == nullptr) return call.B * m / members;
    const Index wanted = sequence.rows() * m / members;
    Index row = 0, steps = 0, length = call.T;
    while (row < call.B && steps < wanted) {
        while (length > 0 && call.batch_sizes[length - 1] <= row) length--;  // rows stand by falling length
        steps += length, row++;
    }
    return row;
}

inline Share share_of(const Sequence& sequence, Index m, Index members, bool split_units) {
    const Index blocks = Units{sequence.call.H}.blocks();
    if (!split_units) return {split_rows(sequence, m, members), split_rows(sequence, m + 1, members), 0, blocks};
    const Index groups = ceil_div(blocks, 2);
    return {0, sequence.call.B, 2 * (groups * m / members), min(blocks, 2 * (groups * (m + 1) / members))};
}

// One instantiation packs W_hh or W_ih for the forward pass: `gates` of the matrix's row blocks, interleaved so that
// vector v of the panels is gate v % count of block v / count, adding into slot `slots[...]` of that block.
struct GateColumns {
    const int* gates;
    const int* slots;  // by gate
    Index count;
};

inline Index forward_panels(Index H, Index gates) { return ceil_div(Units{H}.blocks() * gates, 2); }

// Sums of a row stand as (block, slot, lane), with one vector at the end where columns that do not exist may add.
inline Index sums_width(Index H, Index slots) { return (Units{H}.blocks() * slots + 1) * W; }

inline void columns_of(int* column, Index H, const GateColumns& set, Index slots) {
    const Index blocks = Units{H}.blocks(), vectors = 2 * forward_panels(H, set.count);
    for (Index v = 0; v < vectors; v++) {
        const Index block = v / set.count, slot = set.slots[set.gates[v % set.count]];
        column[v] = static_cast<int>((block < blocks ? block * slots + slot : blocks * slots) * W);
    }
}

inline void pack_forward(float* panels, const float* weight, Index H, Index K, const GateColumns& set, Index first,
                         Index last) {
    for (Index p = first; p < last; p++) {
        pack_transposed(panels + p * K * panel_width, K, [&](Index lane) -> const float* {
            const Index v = 2 * p + lane / W, unit = (v / set.count) * W + lane % W;
            return unit < H ? weight + (set.gates[v % set.count] * H + unit) * K : nullptr;
        });
    }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
