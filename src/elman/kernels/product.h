// The matrix product under every cell: sums += rows x panel, where a panel holds two vectors of columns for every k.
//
// Packed so, a panel streams from the cache in order, and a tile of `tile_rows` rows by two vectors keeps its sums in
// registers: per k, 24 multiply-adds for 2 loads and 12 broadcasts (AVX-512). Each sum is taken in the order of k, in
// blocks of equal length, whatever the tile: a row's bits depend on nothing but the row.
#pragma once

#include "simd.h"

namespace elman::ELMAN_ISA {
namespace {

using Index = std::ptrdiff_t;

// Unrolled while the sums are still an array to the compiler: unrolled later, each tile carries them through the stack.
#define ELMAN_UNROLL _Pragma("GCC unroll 16")

constexpr Index panel_width = 2 * W;

// Multiply-adds in one block before it is added to the total. One sum over all of k would round its last results at the
// size of the whole sum, and W_hh's at the size of W_ih's before it: measured, 3 to 6 times torch's error.
constexpr Index k_block = 128;

inline Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }
inline Index round_up(Index a, Index b) { return ceil_div(a, b) * b; }
inline Index min(Index a, Index b) { return a < b ? a : b; }
inline Index max(Index a, Index b) { return a > b ? a : b; }

// Rows of floats in memory, `stride` floats apart.
template <class Float>
struct RowsOf {
    Float* data;
    Index stride;

    Float* operator[](Index row) const { return data + row * stride; }
    RowsOf from(Index row) const { return {data + row * stride, stride}; }
    RowsOf right(Index columns) const { return {data + columns, stride}; }
    operator RowsOf<const float>() const { return {data, stride}; }
};
using Rows = RowsOf<float>;
using ConstRows = RowsOf<const float>;

// The left operand of a product: its rows are rows in memory, or columns (the operand is stored transposed).
enum class Operand { rows, columns };

// A product is added to what is in memory, or replaces it, perhaps non-temporally.
enum class Sum { add, replace, replace_nontemporal };

// The order in which a product takes its panels.
enum class Order { ascending, descending };

// The elements [begin, end) of the long side of a product.
struct Range {
    Index begin, end;
};

// Data that the next step will read or write, prefetched a few lines at a time between the k-blocks of a product.
// Prefetching all of it at once would delay the packed panels that the product is waiting for.
class PrefetchQueue {
  public:
    // The product will call advance() `calls` times.
    explicit PrefetchQueue(Index calls) : calls_(calls) {}

    void add(const float* begin, Index count) {
        if (count <= 0) return;
        spans_[used_++] = {begin, begin + count};
        lines_ += ceil_div(count, line);
    }

    // Prefetches the next lines; called once for each k-block.
    void advance() {
        for (Index left = ceil_div(lines_, max(1, calls_)); left > 0 && at_ < used_; left--) {
            Span& span = spans_[at_];
            prefetch(span.begin);
            span.begin += line;
            if (span.begin >= span.end) at_++;
        }
    }

  private:
    static constexpr Index line = 16;  // floats
    struct Span {
        const float *begin, *end;
    };
    Span spans_[3];
    Index used_ = 0, at_ = 0, lines_ = 0, calls_;
};

// Adds the k-block `ks` of M rows of `a` times P neighbouring panels to `sums`.
// Needs: `panel` of K x panel_width floats for each of the P; `column` with 2 * P entries: vector v of the panels adds
// at sums[m] + column[v], where there is room for W floats.
// P > 1 keeps the multiply-add units busy where the rows are few.
template <int M, int P, Operand operand, Sum into = Sum::add>
inline void tile(ConstRows a, const float* panel, Index K, Range ks, Rows sums, const int* column) {
    constexpr bool by_rows = operand == Operand::rows;
    Index at[2 * P];
    for (int v = 0; v < 2 * P; v++) at[v] = column[v];
    // Every third row has a pointer, and the two after it are reached by the stride: with one for each row there would
    // not be registers enough.
    const float* third[(M + 2) / 3];
    for (int j = 0; j < (M + 2) / 3; j++) third[j] = by_rows ? a[3 * j] + ks.begin : a[ks.begin];
    V sum[M][2 * P] = {};
    for (Index k = ks.begin; k < ks.end; k++) {
        V w[2 * P];
        ELMAN_UNROLL
        for (int v = 0; v < 2 * P; v++) w[v] = load(panel + ((v / 2) * K + k) * panel_width + (v % 2) * W);
        ELMAN_UNROLL
        for (int m = 0; m < M; m++) {
            const V s = splat(by_rows ? third[m / 3][(m % 3) * a.stride] : third[0][m]);
            ELMAN_UNROLL
            for (int v = 0; v < 2 * P; v++) sum[m][v] = fma(s, w[v], sum[m][v]);
        }
        ELMAN_UNROLL
        for (int j = 0; j < (M + 2) / 3; j++) third[j] += by_rows ? 1 : a.stride;
    }
    ELMAN_UNROLL
    for (int m = 0; m < M; m++) {
        ELMAN_UNROLL
        for (int v = 0; v < 2 * P; v++) {
            float* out = sums[m] + at[v];
            if (into == Sum::replace_nontemporal) {
                store_nontemporal(out, sum[m][v], W);
            } else {
                store(out, into == Sum::add ? load(out) + sum[m][v] : sum[m][v]);
            }
        }
    }
}

// Adds the k-block `ks` of `rows` rows, at most M, times P panels to `sums`.
// Needs: what tile() needs.
// Picks the tile of exactly that many rows, because a tile's row count is part of its code.
template <int M, int P, Operand operand = Operand::rows, Sum into = Sum::add>
inline void tile_of(Index rows, ConstRows a, const float* panel, Index K, Range ks, Rows sums, const int* column) {
    if constexpr (M > 0) {
        if (rows == M) return tile<M, P, operand, into>(a, panel, K, ks, sums, column);
        tile_of<M - 1, P, operand, into>(rows, a, panel, K, ks, sums, column);
    }
}

// Weights in panels; `column[v]` says where vector v of the panels' columns adds in a row of sums.
struct Panels {
    const float* data;
    const int* column;
    Index K;
};

// Adds `rows` rows of `a` times the `count` panels from number `at` on to the rows of `sums`.
// Needs: `count` of 4 with one row, 2 with at most three, else 1.
// A tile finishes its k-blocks before the next tile begins: the other way round, with a part of a panel in L1 for all
// tiles, an LSTM took 2 to 4 % more time at H = 512.
inline void product_of(ConstRows a, Index rows, const Panels& panels, Index at, Index count, Rows sums,
                       PrefetchQueue* queue) {
    const Index K = panels.K;
    const Index tiles = ceil_div(rows, tile_rows);  // rows are dealt evenly: 32 go as 11, 11, 10
    const float* panel = panels.data + at * K * panel_width;
    const int* column = panels.column + 2 * at;
    for (Index i = 0; i < tiles; i++) {
        const Index begin = rows * i / tiles;
        const Index end = rows * (i + 1) / tiles;
        const ConstRows tile_a = a.from(begin);
        const Rows tile_sums = sums.from(begin);
        for (Index k = 0; k < K; k += k_block) {
            const Range ks = {k, min(K, k + k_block)};
            if (queue != nullptr) queue->advance();
            if (count == 4) {
                tile<1, 4, Operand::rows>(tile_a, panel, K, ks, tile_sums, column);
            } else if (count == 2) {
                tile_of<3, 2>(end - begin, tile_a, panel, K, ks, tile_sums, column);
            } else {
                tile_of<tile_rows, 1>(end - begin, tile_a, panel, K, ks, tile_sums, column);
            }
        }
    }
}

// Returns how often product() advances a prefetch queue, for more than 3 rows.
// Needs: the sizes that product() will be called with.
// With fewer rows it advances less often, and what is left in the queue is not prefetched.
inline Index prefetch_calls(Index rows, Index K, Index panels) {
    return ceil_div(rows, tile_rows) * ceil_div(K, k_block) * panels;
}

// Adds `rows` rows of `a` times the panels `wanted` to the rows of `sums`.
// Needs: (rows, K) floats at `a`, room in `sums` for what the panels' columns reach.
// A caller that alternates `order` finds the panels it used last still in the cache; always ascending, each panel would
// have been evicted when its turn comes.
inline void product(ConstRows a, Index rows, const Panels& panels, Range wanted, Rows sums,
                    Order order = Order::ascending, PrefetchQueue* queue = nullptr) {
    if (rows == 0) return;
    const Index most = rows == 1 ? 4 : rows <= 3 ? 2 : 1;
    while (wanted.begin < wanted.end) {
        Index count = most;
        while (count > wanted.end - wanted.begin) count /= 2;
        if (order == Order::descending) {
            wanted.end -= count;
            product_of(a, rows, panels, wanted.end, count, sums, queue);
        } else {
            product_of(a, rows, panels, wanted.begin, count, sums, queue);
            wanted.begin += count;
        }
    }
}

// Packs one panel from a matrix whose rows run along k: column j of the panel is the row at row_of(j).
// Needs: K floats at each row; a null row packs as 0.
// Writes K x panel_width floats.
template <class RowOf>
inline void pack_transposed(float* panel, Index K, RowOf row_of) {
    for (int half = 0; half < 2; half++) {
        const float* rows[W];
        for (int lane = 0; lane < W; lane++) rows[lane] = row_of(half * W + lane);
        for (Index k = 0; k < K; k += W) {
            V block[W];
            const Index count = min(W, K - k);
            for (int lane = 0; lane < W; lane++)
                block[lane] = rows[lane] == nullptr ? V{} : load(rows[lane] + k, count);
            transpose(block);
            for (Index i = 0; i < count; i++) store(panel + (k + i) * panel_width + half * W, block[i]);
        }
    }
}

// Packs one panel from a matrix whose rows run along the columns: row_of(k) points at the panel's first column.
// Needs: `columns` floats at each row, at least 1; columns past them pack as 0.
// Writes K x panel_width floats.
template <class RowOf>
inline void pack_rows(float* panel, Index K, Index columns, RowOf row_of) {
    for (Index k = 0; k < K; k++) {
        const float* row = row_of(k);
        store(panel + k * panel_width, load(row, columns));
        store(panel + k * panel_width + W, columns > W ? load(row + W, columns - W) : V{});
    }
}

constexpr int straight[] = {0, W};

// Adds a^T x panel to `rows` x `columns` floats of `out`, or replaces them by it, where `a` is (K, rows).
// Needs: at most `outer_rows` rows; `columns` at least 1, and those past panel_width are not touched.
// Prefetches `out`, which for a large matrix is in no near cache, unless it is replaced.
template <Sum into>
inline void outer_product(ConstRows a, const float* panel, Index K, Rows out, Index rows, Index columns) {
    for (Index m = 0; into == Sum::add && m < rows; m++) {
        prefetch(out[m]);
        prefetch(out[m] + W);
    }
    if (columns >= panel_width)
        return tile_of<outer_rows, 1, Operand::columns, into>(rows, a, panel, K, {0, K}, out, straight);
    float edge[outer_rows * panel_width];
    tile_of<outer_rows, 1, Operand::columns, Sum::replace>(rows, a, panel, K, {0, K}, {edge, panel_width}, straight);
    for (Index m = 0; m < rows; m++) {
        for (Index j = 0; j < columns; j++) {
            const float sum = edge[m * panel_width + j];
            out[m][j] = into == Sum::add ? out[m][j] + sum : sum;
        }
    }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
