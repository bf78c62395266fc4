// The products of a stream's step: a few rows times a matrix that was packed once, in the precision this file is
// compiled for. Each sum is taken in the order of k, in blocks of equal length, whatever the tile: a row's bits depend
// on nothing but the row. In float32 the order is that of product.h.
#pragma once

#include <memory>

#include "memory.h"
#include "product.h"
#include "stream.h"

namespace elman::ELMAN_ISA {
namespace {

#define ELMAN_INLINE inline __attribute__((always_inline))

typedef Bits Ints;  // int32 in each lane

ELMAN_INLINE V as_floats(Ints x) { return __builtin_convertvector(x, V); }

// The numbers of one precision: `Weight` in the packed matrix, `depth` of them for each lane side by side, one for each
// of as many k; `Number` what they are multiplied with; `Partial` the sum of a block of `block` k.
#if defined(ELMAN_STREAM_BFLOAT16)

constexpr elman_precision precision = elman_bfloat16;
typedef uint16_t Weight;
typedef uint16_t Number;
typedef V Partial;
constexpr Index depth = 2, block_length = 128;

ELMAN_INLINE Partial multiply_add(Partial sum, const Weight* w, const Number* a) {
    int32_t pair;
    std::memcpy(&pair, a, sizeof pair);
    const __m512i weights = _mm512_loadu_si512(w), numbers = _mm512_set1_epi32(pair);
    return _mm512_dpbf16_ps(sum, (__m512bh)weights, (__m512bh)numbers);
}

#elif defined(ELMAN_STREAM_INT8)

constexpr elman_precision precision = elman_int8;
typedef int8_t Weight;
typedef uint8_t Number;  // 128 more than the number: one side of the instruction is unsigned
typedef Ints Partial;
constexpr Index depth = 4, block_length = 32768;  // a sum of so many products is below 2^31

ELMAN_INLINE Partial multiply_add(Partial sum, const Weight* w, const Number* a) {
    int32_t four;
    std::memcpy(&four, a, sizeof four);
#if defined(ELMAN_EMULATED_VNNI)  // for tests of the vectors of AVX2 on machines without the instruction
    for (int lane = 0; lane < W; lane++)
        for (int k = 0; k < 4; k++) sum[lane] += w[lane * 4 + k] * a[k];
    (void)four;
    return sum;
#elif defined(__AVX512VNNI__)
    return (Ints)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32(four), _mm512_loadu_si512(w));
#else
    const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sum, _mm256_set1_epi32(four), weights);
#endif
}

#else

constexpr elman_precision precision = elman_float32;
constexpr Index depth = 1, block_length = k_block;
typedef float Weight;
typedef float Number;
typedef V Partial;

ELMAN_INLINE Partial multiply_add(Partial sum, const Weight* w, const Number* a) {
    return fma(splat(*a), load(w), sum);
}

#endif

#if defined(ELMAN_STREAM_INT8)

template <int size, int... lane>
ELMAN_INLINE Ints swapped(Ints x, std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(x, x, (lane ^ size)...);
}

// The highest of all lanes, in each lane: by halves, quarters and so on.
template <int size = W / 2>
ELMAN_INLINE Ints highest(Ints x) {
    if constexpr (size > 0) {
        const Ints other = swapped<size>(x, std::make_integer_sequence<int, W>{});
        return highest<size / 2>(other > x ? other : x);
    }
    return x;
}

// Stores the lowest byte of each lane.
ELMAN_INLINE void store_low_bytes(uint8_t* to, Ints x) {
#if defined(__AVX512F__)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_maskz_cvtepi32_epi8(0xffff, (__m512i)x));
#else
    const __m256i lowest = _mm256_setr_epi32(0x0c080400, -1, -1, -1, -1, 0x0c080400, -1, -1);
    const __m256i halves = _mm256_shuffle_epi8((__m256i)x, lowest);  // four bytes, and four behind them
    const __m128i all = _mm_or_si128(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), all);
#endif
}

#endif

constexpr bool converts = precision != elman_float32;
constexpr bool has_scales = precision == elman_int8;
constexpr Index padding = 16;  // rows of floats are padded to whole cache lines

// A copy without a call of the library for a few floats.
ELMAN_INLINE void copy_floats(float* to, const float* from, Index count) {
    Index k = 0;
    for (; k + W <= count; k += W) store(to + k, load(from + k));
    if (k < count) store(to + k, load(from + k, count - k), count - k);
}

// The left side of products: rows of floats, and what they are in the stream's precision.
struct Activations {
    float* floats;
    Index stride;  // of both, in elements
    Index width;
    Number* numbers;  // the floats themselves in float32
    float* scales;    // by row; int8 alone

    float* row(Index i) const { return floats + i * stride; }

    // Converts a row, whose floats are 0 from `width` on. Of `bounded` ones none is expected above 1 in size.
    void convert(Index i, [[maybe_unused]] bool bounded = false) const {
        [[maybe_unused]] const float* from = row(i);
        [[maybe_unused]] Number* to = numbers + i * stride;
#if defined(ELMAN_STREAM_BFLOAT16)
        for (Index k = 0; k < width; k += W)
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k), (__m256i)_mm512_cvtneps_pbh(load(from + k)));
#elif defined(ELMAN_STREAM_INT8)
        // As whole numbers, sizes of floats have the order of the floats, and NaN comes after all others: a row with a
        // NaN has NaN as its scale, and so as its results.
        Ints most = {};
        for (Index k = 0; k < width; k += W) {
            const Ints size = bits_of(load(from + k)) & 0x7fffffff;
            most = size > most ? size : most;
        }
        const int32_t top = highest(most)[0];
        // A short row takes 1 for its largest: a branch that is predicted does not wait for the largest, as a step of
        // H = 16 otherwise does for a fifth of its time.
        constexpr int32_t one = 0x3f800000;
        if (bounded && width <= short_row && __builtin_expect(top <= one, 1)) return quantize(i, 1.0f);
        float largest;
        std::memcpy(&largest, &top, sizeof largest);
        quantize(i, largest);
#endif
    }

#if defined(ELMAN_STREAM_INT8)
    static constexpr Index short_row = 32;

    ELMAN_INLINE void quantize(Index i, float largest) const {
        const bool zero = largest < 1e-30f;
        scales[i] = zero ? 0.0f : largest * (1.0f / 127.0f);
        const V factor = splat(zero ? 0.0f : 127.0f / largest);
        // Adding 1.5 * 2^23 rounds to the nearest integer, and leaves it in the low bits.
        for (Index k = 0; k < width; k += W)
            store_low_bytes(numbers + i * stride + k,
                            bits_of(fma(load(row(i) + k), factor, splat(12582912.0f + 128.0f))));
    }
#endif
};

inline Activations new_activations(Memory& memory, Index rows, Index width) {
    const Index stride = round_up(max(width, 1), padding);
    Activations made = {memory.array<float>(rows * stride), stride, width, nullptr, nullptr};
    made.numbers = reinterpret_cast<Number*>(made.floats);
    if constexpr (converts) made.numbers = memory.array<Number>(rows * stride);
    if constexpr (has_scales) made.scales = memory.array<float>(rows);
    // A row that was never written is one of zeros.
    if (made.floats != nullptr)
        for (Index i = 0; i < rows; i++) made.convert(i);
    return made;
}

// A matrix of `gates` row blocks of H rows, (gates * H, K), packed by blocks of W units; a block has `gates` vectors of
// columns for every k.
struct Matrix {
    Index K, gates;
    Weight* weights;
    float* scales;    // of each column; int8 alone
    int32_t* begins;  // what the sums of each block of k begin with, which takes the operand's 128 out; int8 alone

    Index depths() const { return ceil_div(K, depth); }  // groups of `depth` k
    Index sums() const { return ceil_div(max(K, 1), block_length); }
    const Weight* block(Index b) const { return weights + b * depths() * gates * W * depth; }
    const float* block_scales(Index b) const { return scales + b * gates * W; }
    const int32_t* block_begins(Index b) const { return begins + b * sums() * gates * W; }
};

// Packs the row blocks `gate[0..gates)` of a matrix (all gates * H, K).
inline Matrix new_matrix(Memory& memory, const float* weight, Index H, Index K, const int* gate, Index gates) {
    const Index blocks = ceil_div(H, W);
    Matrix made = {K, gates, nullptr, nullptr, nullptr};
    made.weights = memory.array<Weight>(blocks * made.depths() * gates * W * depth);
    if constexpr (has_scales) {
        made.scales = memory.array<float>(blocks * gates * W);
        made.begins = memory.array<int32_t>(blocks * made.sums() * gates * W);
    }
    if (made.weights == nullptr) return made;
    for (Index unit = 0; unit < H; unit++) {
        for (Index g = 0; g < gates; g++) {
            const float* row = weight + (gate[g] * H + unit) * K;
            const Index b = unit / W, lane = unit % W;
            Weight* to = const_cast<Weight*>(made.block(b)) + (g * W + lane) * depth;
#if defined(ELMAN_STREAM_INT8)
            float largest = 0.0f;
            for (Index k = 0; k < K; k++) {
                const float size = __builtin_fabsf(row[k]);
                largest = size <= largest ? largest : size;  // NaN is kept
            }
            const bool zero = largest < 1e-30f;
            made.scales[(b * gates + g) * W + lane] = zero ? 0.0f : largest / 127.0f;
            int32_t* begin = made.begins + (b * made.sums() * gates + g) * W + lane;
            for (Index k = 0; k < K; k++) {
                const float number = zero ? 0.0f : row[k] * (127.0f / largest);
                const int8_t near = number == number ? static_cast<int8_t>(__builtin_lrintf(number)) : int8_t{0};
                to[(k / depth) * gates * W * depth + k % depth] = near;
                begin[(k / block_length) * gates * W] -= 128 * near;
            }
#elif defined(ELMAN_STREAM_BFLOAT16)
            for (Index k = 0; k < K; k++) {
                const __m128bh near = _mm_cvtneps_pbh(_mm_set_ss(row[k]));
                std::memcpy(to + (k / depth) * gates * W * depth + k % depth, &near, sizeof(Weight));
            }
#else
            for (Index k = 0; k < K; k++) to[k * gates * W] = row[k];
#endif
        }
    }
    return made;
}

// The sums of one block of k, for M rows and P neighbouring blocks of `gates` columns.
template <int M, int P, int gates>
struct Partials {
    Partial sum[M][P * gates];
    const Weight* w[P];

    ELMAN_INLINE void begin([[maybe_unused]] const Matrix& matrix, [[maybe_unused]] Index block,
                            [[maybe_unused]] Index part) {
        ELMAN_UNROLL
        for (int v = 0; v < P * gates; v++) {
            Partial first = {};
#if defined(ELMAN_STREAM_INT8)
            std::memcpy(&first, matrix.block_begins(block + v / gates) + (part * gates + v % gates) * W, sizeof first);
#endif
            ELMAN_UNROLL
            for (int m = 0; m < M; m++) sum[m][v] = first;
        }
    }

    // One step in k; `number` is that of the first row.
    ELMAN_INLINE void add(const Number* number, Index stride) {
        ELMAN_UNROLL
        for (int v = 0; v < P * gates; v++) {
            ELMAN_UNROLL
            for (int m = 0; m < M; m++)
                sum[m][v] = multiply_add(sum[m][v], w[v / gates] + (v % gates) * W * depth, number + m * stride);
        }
        ELMAN_UNROLL
        for (int p = 0; p < P; p++) w[p] += gates * W * depth;
    }

    template <int slots>
    ELMAN_INLINE void finish([[maybe_unused]] const Matrix& matrix, [[maybe_unused]] Index block,
                             [[maybe_unused]] const float* scales, const int (&slot)[gates],
                             V (&total)[M][P * slots]) const {
        ELMAN_UNROLL
        for (int v = 0; v < P * gates; v++) {
            ELMAN_UNROLL
            for (int m = 0; m < M; m++) {
                V& into = total[m][(v / gates) * slots + slot[v % gates]];
#if defined(ELMAN_STREAM_INT8)
                const V scale = load(matrix.block_scales(block + v / gates) + (v % gates) * W);
                into = fma(as_floats(sum[m][v]), scale * splat(scales[m]), into);
#else
                into += sum[m][v];
#endif
            }
        }
    }
};

// Adds M rows of `a`, from row `first`, times P neighbouring blocks of columns of `matrix` to `total`: vector g of block
// p adds at total[m][p * slots + slot[g]].
template <int M, int P, int gates, int slots>
ELMAN_INLINE void multiply(const Matrix& matrix, Index block, const Activations& a, Index first,
                           const int (&slot)[gates], V (&total)[M][P * slots]) {
    const Index depths = matrix.depths();
    Partials<M, P, gates> sums;
    for (int p = 0; p < P; p++) sums.w[p] = matrix.block(block + p);
    const Number* number = a.numbers + first * a.stride;
    for (Index k = 0, part = 0; k < depths; k += block_length / depth, part++) {
        const Index end = min(depths, k + block_length / depth);
        sums.begin(matrix, block, part);
        if constexpr (M == 1) {
#pragma GCC unroll 4
            for (Index j = k; j < end; j++) sums.add(number + j * depth, a.stride);
        } else {
#pragma GCC unroll 1
            for (Index j = k; j < end; j++) sums.add(number + j * depth, a.stride);
        }
        sums.template finish<slots>(matrix, block, a.scales + first, slot, total);
    }
}

// Adds one row's products with two matrices, as multiply() for the first and then for the second would, with the same
// bits. A short sum is over before its instructions are: side by side they take the time of one.
template <int P, int gates, int other_gates, int slots>
ELMAN_INLINE void multiply_both(const Matrix& matrix, const Activations& a, const int (&slot)[gates],
                                const Matrix& other, const Activations& b, const int (&other_slot)[other_gates],
                                Index block, Index row, V (&total)[1][P * slots]) {
    Partials<1, P, gates> sums;
    Partials<1, P, other_gates> others;
    for (int p = 0; p < P; p++) sums.w[p] = matrix.block(block + p);
    for (int p = 0; p < P; p++) others.w[p] = other.block(block + p);
    sums.begin(matrix, block, 0);
    others.begin(other, block, 0);
    const Number *number = a.numbers + row * a.stride, *other_number = b.numbers + row * b.stride;
    const Index depths = matrix.depths();
    for (Index j = 0; j < depths; j++) {
        sums.add(number + j * depth, 0);
        others.add(other_number + j * depth, 0);
    }
    sums.template finish<slots>(matrix, block, a.scales + row, slot, total);
    others.template finish<slots>(other, block, b.scales + row, other_slot, total);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
