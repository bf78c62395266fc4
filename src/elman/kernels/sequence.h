// What the forward and the backward pass over a sequence share: the order of its steps, the rows that are active in
// each, and how the work is split over threads.
//
// Steps are numbered by s in the order in which a pass processes them; time(s) is the place of step s in the sequence.
#pragma once

#include "elman.h"
#include "in_place.h"
#include "instruction_set.h"
#include "product.h"
#include "threads.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows of scratch are 16 floats further apart than they are long: at a power of two, the rows of a tile would fall into
// the same cache set and evict each other.
constexpr Index row_padding = 16;

// Results larger than 16 MiB are evicted before the backward pass reads them, so they are stored non-temporally.
constexpr Index cached_floats = 4 << 20;

enum class Store { cached, nontemporal };

inline Store store_kind(Index floats) { return floats > cached_floats ? Store::nontemporal : Store::cached; }

inline void store_result(float* to, V v, Index lanes, Store kind) {
    if (kind == Store::nontemporal) {
        store_nontemporal(to, v, lanes);
    } else {
        store(to, v, lanes);
    }
}

// Lays out a call's scratch memory: once without memory, to measure it, and once with it.
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

// One thread's part of the work: its rows of the batch, and its blocks of W hidden units. With Split::rows no thread
// waits for another within a step; with fewer rows than threads, the units are split instead.
struct Share {
    Index row_begin, row_end, block_begin, block_end;
    Index rows() const { return row_end - row_begin; }
};

struct Sequence {
    const elman_call& call;
    const Index* offset;  // (T + 1,) rows before each step; null when every step has B

    Index rows() const { return offset == nullptr ? call.T * call.B : offset[call.T]; }
    Index time(Index s) const { return call.reverse ? call.T - 1 - s : s; }
    Index first_row(Index t) const { return offset == nullptr ? t * call.B : offset[t]; }
    // Rows of `share` active in step s; none before the first step and after the last.
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
    // The h that step s starts from: that of the step before, or the initial one in rows that were not active then.
    const float* h_before(Index s, const Share& share, Index row, Index active_before) const {
        const Index batch_row = share.row_begin + row;
        if (row < active_before) return call.y + (first_row(time(s - 1)) + batch_row) * call.H;
        return call.h_0 + batch_row * call.H;
    }
    // The c that step s starts from. Of the cells, row `kept_from` of the N and what follows are in memory.
    const float* c_before(Index s, const Share& share, Index row, Index active_before, Index kept_from) const {
        const Index batch_row = share.row_begin + row;
        if (row >= active_before) return call.c_0 + batch_row * call.H;
        if (begins_segment(s)) return call.checkpoints + ((s / call.segment - 1) * call.B + batch_row) * call.H;
        return call.cells + (first_row(time(s - 1)) + batch_row - kept_from) * call.H;
    }
    // Segments, where the call has any: step s is the first of one, or [segment_begin(s), s] is one.
    bool begins_segment(Index s) const { return call.segment != 0 && s % call.segment == 0; }
    bool ends_segment(Index s) const { return call.segment != 0 && (s + 1 == call.T || begins_segment(s + 1)); }
    Index segment_begin(Index s) const { return s - s % call.segment; }
    // The rows that the steps of a segment have at most.
    Index kept_rows() const { return call.segment == 0 ? rows() : min(rows(), call.segment * call.B); }
};

// Hidden units in blocks of W; panels hold two vectors, so two blocks of G gates fill G panels: a group.
struct Units {
    Index H;
    Index blocks() const { return ceil_div(H, W); }
    Index padded() const { return blocks() * W; }
    Index lanes(Index block) const { return min(W, H - block * W); }
};

// The row at which `thread` of `threads` begins, so that all have about as many steps to compute.
inline Index split_rows(const Sequence& sequence, Index thread, Index threads) {
    const elman_call& call = sequence.call;
    if (call.batch_sizes == nullptr) return call.B * thread / threads;
    const Index wanted = sequence.rows() * thread / threads;
    Index row = 0;
    Index steps = 0;
    Index length = call.T;
    while (row < call.B && steps < wanted) {
        while (length > 0 && call.batch_sizes[length - 1] <= row) length--;  // rows are sorted by falling length
        steps += length;
        row++;
    }
    return row;
}

inline Share share_of(const Sequence& sequence, Index thread, Index threads, Split split) {
    const Index blocks = Units{sequence.call.H}.blocks();
    if (split == Split::rows)
        return {split_rows(sequence, thread, threads), split_rows(sequence, thread + 1, threads), 0, blocks};
    const Index groups = ceil_div(blocks, 2);
    return {0, sequence.call.B, 2 * (groups * thread / threads), min(blocks, 2 * (groups * (thread + 1) / threads))};
}

// The parts of each pass: the call, and how its work is split over threads.
struct SequencePass {
    const elman_call& call;
    Sequence sequence;
    Units units;
    int threads;
    Split split;
    Barrier barrier;

    SequencePass(const elman_call& call, const Index* offset, int threads, Split split)
        : call(call), sequence{call, offset}, units{call.H}, threads(threads), split(split), barrier(threads) {}

    bool in_place() const { return call.T <= most_in_place_steps; }

    // Rows of the batch that a thread has in a step, at most.
    Index thread_rows() const { return split == Split::units ? call.B : ceil_div(call.B, threads); }

    // Calls `visit` for each block of units of `share` in rows [begin, end), with the place of the block in a state.
    template <class Visit>
    void each_block(const Share& share, Index begin, Index end, Visit visit) const {
        for (Index row = begin; row < end; row++) {
            for (Index block = share.block_begin; block < share.block_end; block++) {
                const Index unit = block * W;
                visit(row, unit, units.lanes(block), (share.row_begin + row) * call.H + unit);
            }
        }
    }
};

// How W_hh or W_ih is packed for the forward pass: `gates` of the matrix's row blocks, interleaved so that vector v of
// the panels is gate v % count of block v / count, adding into slot `slots[...]` of that block.
struct GateColumns {
    const int* gates;
    const int* slots;  // by gate
    Index count;
};

inline Index forward_panels(Index H, Index gates) { return ceil_div(Units{H}.blocks() * gates, 2); }

// Sums of a row are ordered (block, slot, lane), with one vector at the end where columns that do not exist may add.
inline Index sums_width(Index H, Index slots) { return (Units{H}.blocks() * slots + 1) * W; }

// Adds both biases (G*H,), or none where they are null, to a row of sums.
template <class Cell>
void add_biases(float* sums, const float* bias_ih, const float* bias_hh, Index H) {
    if (bias_ih == nullptr) return;
    const Units units{H};
    for (Index gate = 0; gate < Cell::gates; gate++) {
        for (Index block = 0; block < units.blocks(); block++) {
            const Index from = gate * H + block * W;
            float* of_input = sums + (block * Cell::slots + Cell::input_slot[gate]) * W;
            float* of_hidden = sums + (block * Cell::slots + Cell::hidden_slot[gate]) * W;
            store(of_input, load(of_input) + load(bias_ih + from, units.lanes(block)));
            store(of_hidden, load(of_hidden) + load(bias_hh + from, units.lanes(block)));
        }
    }
}

inline void columns_of(int* column, Index H, const GateColumns& set, Index slots) {
    const Index blocks = Units{H}.blocks();
    const Index vectors = 2 * forward_panels(H, set.count);
    for (Index v = 0; v < vectors; v++) {
        const Index block = v / set.count;
        const Index slot = set.slots[set.gates[v % set.count]];
        column[v] = static_cast<int>((block < blocks ? block * slots + slot : blocks * slots) * W);
    }
}

inline void pack_forward(float* panels, const float* weight, Index H, Index K, const GateColumns& set, Range wanted) {
    for (Index p = wanted.begin; p < wanted.end; p++) {
        pack_transposed(panels + p * K * panel_width, K, [&](Index lane) -> const float* {
            const Index v = 2 * p + lane / W;
            const Index unit = (v / set.count) * W + lane % W;
            return unit < H ? weight + (set.gates[v % set.count] * H + unit) * K : nullptr;
        });
    }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
