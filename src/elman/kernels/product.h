// The one product under every cell: sums += rows x panel, where a panel holds two vectors of columns for every k.
//
// Packed so, a panel streams from the cache in order, and a tile of `tile_rows` rows by two vectors keeps its sums in
// registers: per k, 24 multiply-adds for 2 loads and 12 broadcasts (AVX-512). Each sum is taken in the order of k, in
// chains of equal length, whatever the tile: a row's bits depend on nothing but the row.
#pragma once

#include "simd.h"

namespace elman::ELMAN_ISA {
namespace {

using Index = std::ptrdiff_t;

// Unrolled while the sums are still an array to the compiler: unrolled later, each tile carries them through the stack.
#define ELMAN_UNROLL _Pragma("GCC unroll 16")

constexpr Index panel_width = 2 * W;

// Multiply-adds in one chain before it is added to the total. One chain over all of k would round its last results at
// the size of the whole sum, and W_hh's at the size of W_ih's before it: measured, 3 to 6 times torch's error.
constexpr Index chain = 128;

inline Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }
inline Index round_up(Index a, Index b) { return ceil_div(a, b) * b; }
inline Index min(Index a, Index b) { return a < b ? a : b; }
inline Index max(Index a, Index b) { return a > b ? a : b; }

// Memory that will soon be needed, called for a few lines at a time between the chains of a product: all at once they
// would hold up the lines that the product itself is waiting for.
class Upcoming {
  public:
    explicit Upcoming(Index chains) : chains_(chains) {}

    void add(const float* begin, Index count) {
        if (count > 0) spans_[used_++] = {begin, begin + count}, lines_ += ceil_div(count, line);
    }

    // A chain begins.
    void call() {
        for (Index left = ceil_div(lines_, max(1, chains_)); left > 0 && at_ < used_; left--) {
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
    Index used_ = 0, at_ = 0, lines_ = 0, chains_;
};

// One chain, k in [first, last). Rows are a[m * stride + k], or a[m + k * stride] where they do not stand by rows. P
// neighbouring panels at once, because few rows alone would leave the multiply-add units waiting for each other's
// results. Sums are at sums[m * sums_stride + column[v]].
template <int M, int P, bool by_rows>
inline void tile(const float* a, Index stride, const float* panel, Index K, Index first, Index last, float* sums,
                 Index sums_stride, const int* column) {
    Index at[2 * P];
    for (int v = 0; v < 2 * P; v++) at[v] = column[v];
    // Every third row has a pointer, and the two after it are reached by the stride: with one for each row there would
    // not be registers enough.
    const float* third[(M + 2) / 3];
    for (int j = 0; j < (M + 2) / 3; j++) third[j] = by_rows ? a + 3 * j * stride + first : a + first * stride;
    V sum[M][2 * P] = {};
    for (Index k = first; k < last; k++) {
        V w[2 * P];
        ELMAN_UNROLL
        for (int v = 0; v < 2 * P; v++) w[v] = load(panel + ((v / 2) * K + k) * panel_width + (v % 2) * W);
        ELMAN_UNROLL
        for (int m = 0; m < M; m++) {
            const V s = splat(by_rows ? third[m / 3][(m % 3) * stride] : third[0][m]);
            ELMAN_UNROLL
            for (int v = 0; v < 2 * P; v++) sum[m][v] = fma(s, w[v], sum[m][v]);
        }
        ELMAN_UNROLL
        for (int j = 0; j < (M + 2) / 3; j++) third[j] += by_rows ? 1 : stride;
    }
    ELMAN_UNROLL
    for (int m = 0; m < M; m++) {
        ELMAN_UNROLL
        for (int v = 0; v < 2 * P; v++) {
            float* out = sums + m * sums_stride + at[v];
            store(out, load(out) + sum[m][v]);
        }
    }
}

template <int M, int P, bool by_rows = true>
inline void tile_of(Index rows, const float* a, Index stride, const float* panel, Index K, Index first, Index last,
                    float* sums, Index sums_stride, const int* column) {
    if constexpr (M > 0) {
        if (rows == M) return tile<M, P, by_rows>(a, stride, panel, K, first, last, sums, sums_stride, column);
        tile_of<M - 1, P, by_rows>(rows, a, stride, panel, K, first, last, sums, sums_stride, column);
    }
}

// Weights in panels; `column[v]` says where vector v of the panels' columns adds in a row of sums.
struct Panels {
    const float* data;
    const int* column;
    Index K;
};

// sums[rows] += a[rows] x `count` neighbouring panels from number `at` on; 1, 2 or 4 of them. A tile goes through all of
// its chains before the next begins: the other way round, with a part of a panel in the nearest cache for all tiles, an
// LSTM took 2 to 4 % more time at H = 512.
inline void product_of(const float* a, Index stride, Index rows, const Panels& panels, Index at, Index count,
                       float* sums, Index sums_stride, Upcoming* upcoming) {
    const Index K = panels.K, tiles = ceil_div(rows, tile_rows);  // rows are dealt evenly: 32 go as 11, 11, 10
    const float* panel = panels.data + at * K * panel_width;
    const int* column = panels.column + 2 * at;
    for (Index i = 0; i < tiles; i++) {
        const Index begin = rows * i / tiles, end = rows * (i + 1) / tiles;
        const float* tile_a = a + begin * stride;
        float* tile_sums = sums + begin * sums_stride;
        for (Index first = 0; first < K; first += chain) {
            const Index last = min(K, first + chain);
            if (upcoming != nullptr) upcoming->call();
            if (count == 4) {
                tile<1, 4, true>(tile_a, stride, panel, K, first, last, tile_sums, sums_stride, column);
            } else if (count == 2) {
                tile_of<3, 2>(end - begin, tile_a, stride, panel, K, first, last, tile_sums, sums_stride, column);
            } else {
                tile_of<tile_rows, 1>(end - begin, tile_a, stride, panel, K, first, last, tile_sums, sums_stride, column);
            }
        }
    }
}

// How many chains of tiles product() goes through, where it has more than 3 rows.
inline Index chains_of(Index rows, Index K, Index panels) {
    return ceil_div(rows, tile_rows) * ceil_div(K, chain) * panels;
}

// sums[rows] += a[rows] x panels[first, last). `backwards` takes the panels from the last to the first: a caller that
// alternates finds the panels it used last still in the cache, where going round would have pushed each out in turn.
inline void product(const float* a, Index stride, Index rows, const Panels& panels, Index first, Index last, float* sums,
                    Index sums_stride, bool backwards = false, Upcoming* upcoming = nullptr) {
    if (rows == 0) return;
    const Index most = rows == 1 ? 4 : rows <= 3 ? 2 : 1;
    while (first < last) {
        Index count = most;
        while (count > last - first) count /= 2;
        const Index at = backwards ? last - count : first;
        product_of(a, stride, rows, panels, at, count, sums, sums_stride, upcoming);
        (backwards ? last : first) += backwards ? -count : count;
    }
}

// One panel's worth of weights: for each k, `panel_width` columns. Column j of the panel is row_of(j) of a matrix whose
// rows run along k; a null row packs as 0.
template <class RowOf>
inline void pack_transposed(float* panel, Index K, RowOf row_of) {
    for (int half = 0; half < 2; half++) {
        const float* rows[W];
        for (int lane = 0; lane < W; lane++) rows[lane] = row_of(half * W + lane);
        for (Index k = 0; k < K; k += W) {
            V block[W];
            const Index count = min(W, K - k);
            for (int lane = 0; lane < W; lane++) block[lane] = rows[lane] == nullptr ? V{} : load(rows[lane] + k, count);
            transpose(block);
            for (Index i = 0; i < count; i++) store(panel + (k + i) * panel_width + half * W, block[i]);
        }
    }
}

// The same for a matrix whose rows run along the columns: row_of(k) points at the panel's first column, of which
// `columns` exist.
template <class RowOf>
inline void pack_rows(float* panel, Index K, Index columns, RowOf row_of) {
    for (Index k = 0; k < K; k++) {
        const float* row = row_of(k);
        store(panel + k * panel_width, load(row, columns));
        store(panel + k * panel_width + W, columns > W ? load(row + W, columns - W) : V{});
    }
}

constexpr int straight[] = {0, W};

// out (rows, columns) += a^T x panel for at most `outer_rows` rows: a is (K, rows), its rows `stride` apart. A large out
// is in no near cache, and so is called for before the product. Columns that do not exist are added in `edge`.
inline void outer_product(const float* a, Index stride, const float* panel, Index K, float* out, Index out_stride,
                          Index rows, Index columns) {
    for (Index m = 0; m < rows; m++) {
        prefetch(out + m * out_stride);
        prefetch(out + m * out_stride + W);
    }
    if (columns >= panel_width)
        return tile_of<outer_rows, 1, false>(rows, a, stride, panel, K, 0, K, out, out_stride, straight);
    float edge[outer_rows * panel_width] = {};
    tile_of<outer_rows, 1, false>(rows, a, stride, panel, K, 0, K, edge, panel_width, straight);
    for (Index m = 0; m < rows; m++)
        for (Index j = 0; j < columns; j++) out[m * out_stride + j] += edge[m * panel_width + j];
}

}  // namespace
}  // namespace elman::ELMAN_ISA
