// The matrix products of calls with few steps, which read a weight's rows where they are: packing them first (product.h)
// would take longer than the products.
//
// Along its rows a weight is multiplied by dot products: each lane adds up every W-th term, and the lanes are added as a
// tree, so that a sum's bits depend on nothing but its row and its weights, and differ in the last places from those of
// product(). Down its columns, every sum is taken in the order of k, in blocks of k_block as in product(): the bits are
// the same.
#pragma once

#include "product.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows that share what a tile loads of a weight, at most, and rows up to which a tile takes 8 rows of the weight
// instead of 4: their sums fill the registers.
#if defined(__AVX512F__) || defined(__ARM_NEON)
constexpr int shared_rows = 4, wide_rows = 3;
#else
constexpr int shared_rows = 2, wide_rows = 1;
#endif
constexpr int wide = W < 8 ? W : 8, narrow = 4;

// Rows that one pass down the columns of a weight serves; their sums stay in L1.
constexpr Index pass_rows = 16;

// Terms of a dot product that are added up in lanes before they are added to the total: 64 for each lane.
constexpr Index dot_block = 64 * W;

// Columns of a product down the columns that are taken at a time, so that the sums of pass_rows rows stay in L1.
constexpr Index pass_columns = 256;

// Adds the halves, quarters and so on of W vectors: lane i of rows[0] becomes the sum of all lanes of rows[i].
template <int size, int... lane>
inline V fold_pair(V a, V b, std::integer_sequence<int, lane...>) {
    const V straight = __builtin_shufflevector(a, b, (lane & size ? W + lane : lane)...);
    const V crossed = __builtin_shufflevector(a, b, (lane & size ? W + lane - size : lane + size)...);
    return straight + crossed;
}

template <int size = W / 2>
inline void fold(V* rows) {
    if constexpr (size > 0) {
        ELMAN_UNROLL
        for (int i = 0; i < size; i++)
            rows[i] = fold_pair<size>(rows[i], rows[i + size], std::make_integer_sequence<int, W>{});
        fold<size / 2>(rows);
    }
}

// Multiplies the terms `ks` of M rows of `a` by those of P times R rows of a weight, R at a time.
// Writes dots[m][at + r].
template <int M, int R, int P>
inline void dot_tile(ConstRows a, ConstRows weight, Range ks, float (*dots)[W], Index at) {
    constexpr int size = P * R, vectors = (M * size + W - 1) / W * W;
    V sums[vectors] = {};
    ELMAN_UNROLL
    for (int p = 0; p < P; p++) {
        V sum[M][R] = {};
        const auto add = [&](Index k, Index lanes) __attribute__((always_inline)) {
            V x[M];
            ELMAN_UNROLL
            for (int m = 0; m < M; m++) x[m] = load(a[m] + k, lanes);
            ELMAN_UNROLL
            for (int r = 0; r < R; r++) {
                // A row of a later tile: the hardware's own prefetch ends with each page of 4 KiB. One row of `a` has
                // no time to spare for it.
                if (M > 1) prefetch_far(weight[p * R + r + W] + k);
                const V w = load(weight[p * R + r] + k, lanes);
                ELMAN_UNROLL
                for (int m = 0; m < M; m++) sum[m][r] = fma(x[m], w, sum[m][r]);
            }
        };
        Index k = ks.begin;
        for (; k + W <= ks.end; k += W) add(k, W);
        if (k < ks.end) add(k, ks.end - k);
        ELMAN_UNROLL
        for (int m = 0; m < M; m++) {
            ELMAN_UNROLL
            for (int r = 0; r < R; r++) sums[m * size + p * R + r] = sum[m][r];
        }
    }
    float folded[vectors];
    for (int i = 0; i < vectors; i += W) {
        fold(sums + i);
        store(folded + i, sums[i]);
    }
    for (int m = 0; m < M; m++) std::memcpy(dots[m] + at, folded + m * size, size * sizeof(float));
}

// Multiplies `rows` rows of `a`, at most M, by `count` rows of a weight.
// Picks the tiles of exactly that many rows, whose sums fill whole vectors.
template <int M>
inline void dot_tiles(Index rows, ConstRows a, ConstRows weight, Index count, Range ks, float (*dots)[W]) {
    if constexpr (M > 0) {
        if (rows < M) return dot_tiles<M - 1>(rows, a, weight, count, ks, dots);
        constexpr int R = M <= wide_rows ? wide : narrow, P = M * R % W == 0 ? 1 : 2;
        Index r = 0;
        for (; r + P * R <= count; r += P * R) dot_tile<M, R, P>(a, weight.from(r), ks, dots, r);
        for (; r + narrow <= count; r += narrow) dot_tile<M, narrow, 1>(a, weight.from(r), ks, dots, r);
        for (; r < count; r++) dot_tile<M, 1, 1>(a, weight.from(r), ks, dots, r);
    }
}

// Calls use(begin, end) for `rows` rows, dealt evenly to tiles of at most shared_rows.
template <class Use>
inline void each_tile(Index rows, Use use) {
    const Index tiles = ceil_div(rows, shared_rows);
    for (Index i = 0; i < tiles; i++) use(rows * i / tiles, rows * (i + 1) / tiles);
}

// Adds to W sums of each row of `sums` the dot products of `rows` rows of `a` with `count` rows of a weight.
// Needs: K floats at each row of `a` and of `weight`; count of at most W; room for W floats at each row of `sums`.
inline void dot_product(ConstRows a, Index rows, ConstRows weight, Index count, Index K, Rows sums) {
    each_tile(rows, [&](Index begin, Index end) {
        float dots[shared_rows][W] = {};
        for (Index k = 0; k < K; k += dot_block) {
            dot_tiles<shared_rows>(end - begin, a.from(begin), weight, count, {k, min(K, k + dot_block)}, dots);
            for (Index row = begin; row < end; row++) store(sums[row], load(sums[row]) + load(dots[row - begin]));
        }
    });
}

// Adds M rows of `a`, at R neighbouring k, times R rows of a weight to `width` columns of `sums`.
template <int M, int R>
inline void column_tile(ConstRows a, const float* const* weight, Index width, Rows sums) {
    V s[M][R];
    ELMAN_UNROLL
    for (int m = 0; m < M; m++) {
        ELMAN_UNROLL
        for (int r = 0; r < R; r++) s[m][r] = splat(a[m][r]);
    }
    const auto add = [&](Index j, Index lanes) __attribute__((always_inline)) {
        V sum[M];
        ELMAN_UNROLL
        for (int m = 0; m < M; m++) sum[m] = load(sums[m] + j);
        ELMAN_UNROLL
        for (int r = 0; r < R; r++) {
            const V w = load(weight[r] + j, lanes);
            ELMAN_UNROLL
            for (int m = 0; m < M; m++) sum[m] = fma(s[m][r], w, sum[m]);
        }
        ELMAN_UNROLL
        for (int m = 0; m < M; m++) store(sums[m] + j, sum[m]);
    };
    Index j = 0;
    for (; j + W <= width; j += W) add(j, W);
    if (j < width) add(j, width - j);
}

template <int M, int R>
inline void column_tile_of(Index rows, ConstRows a, const float* const* weight, Index width, Rows sums) {
    if constexpr (M > 0) {
        if (rows == M) return column_tile<M, R>(a, weight, width, sums);
        column_tile_of<M - 1, R>(rows, a, weight, width, sums);
    }
}

// Adds the k-block `ks` of `rows` rows of `a` times the rows of a weight, from column `left` on, to `width` columns of
// `sums`.
template <class RowOf>
inline void column_block(ConstRows a, Index rows, Range ks, Index left, Index width, Rows sums, RowOf row_of) {
    for (Index k = ks.begin; k < ks.end;) {
        const Index rest = ks.end - k;
        const Index size = rows <= wide_rows && rest >= wide ? wide : rest >= narrow ? narrow : 1;
        const float* weight[wide];
        for (Index r = 0; r < size; r++) weight[r] = row_of(k + r) + left;
        each_tile(rows, [&](Index begin, Index end) {
            const ConstRows tile_a = a.from(begin).right(k);
            const Rows tile_sums = sums.from(begin);
            if (size == 1) {
                column_tile_of<shared_rows, 1>(end - begin, tile_a, weight, width, tile_sums);
            } else if (size == narrow) {
                column_tile_of<shared_rows, narrow>(end - begin, tile_a, weight, width, tile_sums);
            } else {
                column_tile_of<wide_rows, wide>(end - begin, tile_a, weight, width, tile_sums);
            }
        });
        k += size;
    }
}

// Adds `rows` rows of `a` times the K rows of a weight, row k at row_of(k), to the columns `wanted` of `out`.
// Needs: K floats at each row of `a`; the wanted floats at each row of the weight; at `out` room for whole vectors.
template <class RowOf>
inline void column_product(ConstRows a, Index rows, Index K, Range wanted, Rows out, RowOf row_of) {
    alignas(64) float part[pass_rows * (pass_columns + W)];
    const Rows sums = {part, pass_columns + W};  // rows at a power of two would evict each other from the cache
    for (Index first = 0; first < rows; first += pass_rows) {
        const Index pass = min(pass_rows, rows - first);
        for (Index k = 0; k < K; k += k_block) {
            for (Index left = wanted.begin; left < wanted.end; left += pass_columns) {
                const Index width = min(pass_columns, wanted.end - left);
                for (Index row = 0; row < pass; row++)
                    for (Index j = 0; j < width; j += W) store(sums[row] + j, V{});
                column_block(a.from(first), pass, {k, min(K, k + k_block)}, left, width, sums, row_of);
                for (Index row = 0; row < pass; row++) {
                    float* to = out[first + row] + left;
                    for (Index j = 0; j < width; j += W) store(to + j, load(to + j) + load(sums[row] + j));
                }
            }
        }
    }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
