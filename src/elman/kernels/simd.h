// One vector of floats, V, with W lanes, for the instruction set this file is compiled for, and the functions that
// the cells' equations are written in. Everything is in a namespace of its own instruction set: an inline function
// shared between two of them would let the linker pick code that the machine cannot run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace elman::ELMAN_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int W = 16;
constexpr int tile_rows = 12;  // 12 x 2 sums, 2 weights and a broadcast fill 27 of the 32 registers
constexpr int outer_rows = 8;  // two of these take their rows from one cache line of gradients
#elif defined(__AVX2__)
constexpr int W = 8;
constexpr int tile_rows = 6;  // 6 x 2 sums, 2 weights and a broadcast fill 15 of the 16 registers
constexpr int outer_rows = 6;
#elif defined(__ARM_NEON)
constexpr int W = 4;
constexpr int tile_rows = 12, outer_rows = 12;
#else
constexpr int W = 4;
constexpr int tile_rows = 6, outer_rows = 6;
#endif

typedef float V __attribute__((vector_size(W * sizeof(float))));
typedef int32_t Bits __attribute__((vector_size(W * sizeof(float))));
// A vector in memory, at any address.
typedef float Unaligned __attribute__((vector_size(W * sizeof(float)), aligned(sizeof(float)), may_alias));

inline V load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }

inline void store(float* p, V v) { *reinterpret_cast<Unaligned*>(p) = v; }

inline void prefetch(const float* p) { __builtin_prefetch(p); }
inline void prefetch_far(const float* p) { __builtin_prefetch(p, 0, 2); }  // not into L1

// Loads the first `lanes` lanes only: memory past them may belong to another array. Lanes not loaded are 0.
inline V load(const float* p, std::ptrdiff_t lanes) {
    if (lanes >= W) return load(p);
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << lanes) - 1), p);
#else
    V v = {};
    std::memcpy(&v, p, static_cast<std::size_t>(lanes) * sizeof(float));
    return v;
#endif
}

inline void store(float* p, V v, std::ptrdiff_t lanes) {
    if (lanes >= W) return store(p, v);
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << lanes) - 1), v);
#else
    std::memcpy(p, &v, static_cast<std::size_t>(lanes) * sizeof(float));
#endif
}

// Stores a whole cache line non-temporally, for results too large to be found in a cache later: a plain store would
// first read the line from memory. Where a vector is no whole, aligned line, a plain store.
inline void store_nontemporal(float* p, V v, std::ptrdiff_t lanes) {
#if defined(__AVX512F__)
    if (lanes >= W && reinterpret_cast<uintptr_t>(p) % 64 == 0) return _mm512_stream_ps(p, v);
#endif
    store(p, v, lanes);
}

// Non-temporal stores are not ordered with others: a thread makes them visible before it says that it is done.
inline void finish_stores() {
#if defined(__AVX512F__)
    _mm_sfence();
#endif
}

inline V splat(float x) { return x - V{}; }  // x - 0 is x for every x; 0 + x is not, for -0

// Swaps the odd blocks of `size` lanes of a with the even ones of b.
template <int size, int... lane>
inline void swap_blocks(V& a, V& b, std::integer_sequence<int, lane...>) {
    const V low = __builtin_shufflevector(a, b, (lane & size ? W + lane - size : lane)...);
    b = __builtin_shufflevector(a, b, (lane & size ? W + lane : lane + size)...);
    a = low;
}

// A square of W x W, in place, by halves, quarters and so on.
template <int size = W / 2>
inline void transpose(V (&rows)[W]) {
    if constexpr (size > 0) {
#pragma GCC unroll 16
        for (int i = 0; i < W; i++)
            if ((i & size) == 0) swap_blocks<size>(rows[i], rows[i + size], std::make_integer_sequence<int, W>{});
        transpose<size / 2>(rows);
    }
}

// The compiler may not fuse on its own (-ffp-contract=off): where it fuses depends on the size of the tile around it,
// and a row's bits must not.
inline V fma(V a, V b, V c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
    return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON)
    return vfmaq_f32(c, a, b);
#else
    return a * b + c;
#endif
}

inline Bits bits_of(V x) {
    Bits bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline V from_bits(Bits bits) {
    V x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// NaN stays NaN: of two operands, these instructions return the second where they cannot compare. All lanes are masked
// in because GCC 12 warns of its own header for the form without a mask; the instruction is the same.
inline V at_most(V x, V most) {
#if defined(__AVX512F__)
    return _mm512_maskz_min_ps(0xffff, most, x);
#elif defined(__AVX2__)
    return _mm256_min_ps(most, x);
#else
    return x > most ? most : x;
#endif
}

inline V at_least(V x, V least) {
#if defined(__AVX512F__)
    return _mm512_maskz_max_ps(0xffff, least, x);
#elif defined(__AVX2__)
    return _mm256_max_ps(least, x);
#else
    return x < least ? least : x;
#endif
}

// e^x = power * (1 + rest), power a power of two and rest between -0.3 and 0.42, for x between -87 and 89; at 89 the
// power is infinite, so that a sigmoid far out is exactly 0, and 0 times infinity the NaN that it should be.
struct Exponential {
    V power, rest;
};

inline Exponential exponential(V x) {
    const V shift = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to the nearest integer
    const V rounded = fma(x, splat(1.44269504f), shift);
    const V n = rounded - shift;
    V r = fma(n, splat(-0.693359375f), x);  // x - n ln 2 in two steps, the first exact
    r = fma(n, splat(2.12194440e-4f), r);
    V p = splat(1.3926927e-3f);  // (e^r - 1 - r) / r^2, fitted at Chebyshev nodes; relative error of e^r 1.1e-8
    p = fma(p, r, splat(8.363774e-3f));
    p = fma(p, r, splat(4.166655e-2f));
    p = fma(p, r, splat(0.16666573f));
    p = fma(p, r, splat(0.5f));
    return {from_bits((bits_of(rounded) + 127) << 23), fma(p * r, r, r)};  // n is in the low bits of `rounded`
}

// e^x for x up to 0
inline V exponential_of(V x) {
    const Exponential e = exponential(at_least(x, splat(-87.0f)));
    return fma(e.power, e.rest, e.power);
}

inline V sigmoid(V x) {
    const Exponential e = exponential(at_most(at_least(-x, splat(-87.0f)), splat(89.0f)));
    return 1.0f / fma(e.power, 1.0f + e.rest, splat(1.0f));
}

// (e^2x - 1) / (e^2x + 1) of |x|, without forming e^2x, which near x = 0 would be 1 and little more; 1 from 10 on.
inline V tanh(V x) {
    const Bits sign = bits_of(x) & bits_of(splat(-0.0f));
    const V size = from_bits(bits_of(x) ^ sign);
    const Exponential e = exponential(at_most(size + size, splat(20.0f)));
    const V less_one = fma(e.power, e.rest, e.power - 1.0f);
    return from_bits(bits_of(less_one / (less_one + 2.0f)) | sign);
}

inline V relu(V x) { return x < 0.0f ? V{} : x; }

inline float sum_of(V v) {
    float sum = 0;
    for (int lane = 0; lane < W; lane++) sum += v[lane];
    return sum;
}

inline float highest_of(const float* x, std::ptrdiff_t count) {
    float highest = x[0];
    for (std::ptrdiff_t k = 1; k < count; k++) highest = x[k] > highest ? x[k] : highest;
    return highest;
}

}  // namespace
}  // namespace elman::ELMAN_ISA
