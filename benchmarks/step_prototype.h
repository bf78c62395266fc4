// A step of an LSTM with one row, written for one processor and no other use: what `benchmarks.streams` measures against.
// It has the speed of RTNeural's, which fixes sizes at compile time. It needs AVX-512 with BF16 and VNNI.
//
// Packing: blocks of 16 units; for each block, k runs over [x; h], and for each k the four gates' 16 weights are
// neighbours (bfloat16: pairs of k; int8: quadruples of k). int8: one scale a row of weights; h is quantized with the
// fixed scale 1/127, x with its own maximum a step.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace prototype {

static inline __m512 exp_(__m512 x) {
    x = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(88)), _mm512_set1_ps(-88));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    __m512 e = _mm512_add_ps(_mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r), _mm512_set1_ps(1));
    return _mm512_scalef_ps(e, n);
}
static inline __m512 sig(__m512 x) {
    return _mm512_div_ps(_mm512_set1_ps(1),
                         _mm512_add_ps(_mm512_set1_ps(1), exp_(_mm512_sub_ps(_mm512_setzero_ps(), x))));
}
static inline __m512 th(__m512 x) {
    __m512 e = exp_(_mm512_add_ps(x, x));
    return _mm512_sub_ps(_mm512_set1_ps(1), _mm512_div_ps(_mm512_set1_ps(2), _mm512_add_ps(e, _mm512_set1_ps(1))));
}
struct L {
    int I, H, K;
    float* wf;
    uint16_t* wb;
    int8_t* wi;
    float* bias;
    float* scale;
    int32_t* corr;
    float* c;
    float* xh;
    uint16_t* xb;
    uint8_t* xq;
};
static void* al(size_t n) {
    void* p = aligned_alloc(2 << 20, (n + (2 << 20)) / (2 << 20) * (2 << 20));
    memset(p, 0, n);
    return p;
}
static void eq(L& l, int b, __m512 i, __m512 f, __m512 g, __m512 o) {
    __m512 c = _mm512_load_ps(l.c + b * 16);
    c = _mm512_fmadd_ps(sig(f), c, _mm512_mul_ps(sig(i), th(g)));
    _mm512_store_ps(l.c + b * 16, c);
    _mm512_store_ps(l.xh + 2048 + b * 16, _mm512_mul_ps(sig(o), th(c)));
}
void step_f(L& l) {
    int nb = l.H / 16;
    for (int b = 0; b < nb; b++) {
        __m512 a[4][2];
        for (int g = 0; g < 4; g++) a[g][0] = _mm512_load_ps(l.bias + (b * 4 + g) * 16), a[g][1] = _mm512_setzero_ps();
        const float* w = l.wf + (size_t)b * l.K * 64;
        for (int k = 0; k < l.K; k += 2) {
            __m512 s = _mm512_set1_ps(l.xh[k]), t = _mm512_set1_ps(l.xh[k + 1]);
            for (int g = 0; g < 4; g++) {
                a[g][0] = _mm512_fmadd_ps(s, _mm512_load_ps(w + g * 16), a[g][0]);
                a[g][1] = _mm512_fmadd_ps(t, _mm512_load_ps(w + 64 + g * 16), a[g][1]);
            }
            w += 128;
        }
        eq(l, b, _mm512_add_ps(a[0][0], a[0][1]), _mm512_add_ps(a[1][0], a[1][1]), _mm512_add_ps(a[2][0], a[2][1]),
           _mm512_add_ps(a[3][0], a[3][1]));
    }
    memcpy(l.xh + l.I, l.xh + 2048, l.H * 4);
}
void step_b(L& l) {
    int nb = l.H / 16;
    for (int k = 0; k < l.K; k += 16) {
        _mm256_store_si256((__m256i*)(l.xb + k), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(l.xh + k)));
    }
    for (int b = 0; b < nb; b++) {
        __m512 a[4][2];
        for (int g = 0; g < 4; g++) a[g][0] = _mm512_load_ps(l.bias + (b * 4 + g) * 16), a[g][1] = _mm512_setzero_ps();
        const uint16_t* w = l.wb + (size_t)b * l.K * 64;
        for (int k = 0; k < l.K; k += 4) {
            __m512bh s = (__m512bh)_mm512_set1_epi32(*(int*)(l.xb + k)),
                     t = (__m512bh)_mm512_set1_epi32(*(int*)(l.xb + k + 2));
            for (int g = 0; g < 4; g++) {
                a[g][0] = _mm512_dpbf16_ps(a[g][0], (__m512bh)_mm512_load_si512(w + g * 32), s);
                a[g][1] = _mm512_dpbf16_ps(a[g][1], (__m512bh)_mm512_load_si512(w + 128 + g * 32), t);
            }
            w += 256;
        }
        eq(l, b, _mm512_add_ps(a[0][0], a[0][1]), _mm512_add_ps(a[1][0], a[1][1]), _mm512_add_ps(a[2][0], a[2][1]),
           _mm512_add_ps(a[3][0], a[3][1]));
    }
    memcpy(l.xh + l.I, l.xh + 2048, l.H * 4);
}
void step_i(L& l) {
    int nb = l.H / 16;
    float xs = 0;
    for (int k = 0; k < l.I; k += 16) xs = std::max(xs, _mm512_reduce_max_ps(_mm512_abs_ps(_mm512_loadu_ps(l.xh + k))));
    float qx = 127 / (xs + 1e-9f);
    for (int k = 0; k < l.K; k += 16) {
        __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(l.xh + k), _mm512_set1_ps(k < l.I ? qx : 127.f)));
        q = _mm512_add_epi32(q, _mm512_set1_epi32(128));
        _mm_store_si128((__m128i*)(l.xq + k), _mm512_cvtepi32_epi8(q));
    }
    for (int b = 0; b < nb; b++) {
        __m512i a[4][2];
        for (int g = 0; g < 4; g++) a[g][0] = _mm512_setzero_si512(), a[g][1] = _mm512_setzero_si512();
        const int8_t* w = l.wi + (size_t)b * l.K * 64;
        for (int k = 0; k < l.I; k += 4) {
            __m512i s = _mm512_set1_epi32(*(int*)(l.xq + k));
            for (int g = 0; g < 4; g++) a[g][0] = _mm512_dpbusd_epi32(a[g][0], s, _mm512_load_si512(w + g * 64));
            w += 256;
        }
        for (int k = l.I; k < l.K; k += 4) {
            __m512i s = _mm512_set1_epi32(*(int*)(l.xq + k));
            for (int g = 0; g < 4; g++) a[g][1] = _mm512_dpbusd_epi32(a[g][1], s, _mm512_load_si512(w + g * 64));
            w += 256;
        }
        __m512 r[4];
        for (int g = 0; g < 4; g++) {
            __m512 sc = _mm512_load_ps(l.scale + (b * 4 + g) * 16);
            __m512 sx = _mm512_mul_ps(sc, _mm512_set1_ps(1 / qx)), sh = _mm512_mul_ps(sc, _mm512_set1_ps(1 / 127.f));
            __m512i cx = _mm512_load_si512(l.corr + (b * 4 + g) * 32),
                    ch = _mm512_load_si512(l.corr + (b * 4 + g) * 32 + 16);
            r[g] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(a[g][0], cx)), sx,
                                   _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(a[g][1], ch)), sh,
                                                   _mm512_load_ps(l.bias + (b * 4 + g) * 16)));
        }
        eq(l, b, r[0], r[1], r[2], r[3]);
    }
    memcpy(l.xh + l.I, l.xh + 2048, l.H * 4);
}

// An LSTM of I = H with random weights.
static L make(int H) {
    L l;
    l.I = H;
    l.H = H;
    l.K = 2 * H;
    size_t n = (size_t)4 * H * l.K;
    l.wf = (float*)al(n * 4);
    l.wb = (uint16_t*)al(n * 2);
    l.wi = (int8_t*)al(n);
    l.bias = (float*)al(4 * H * 4);
    l.scale = (float*)al(4 * H * 4);
    l.corr = (int32_t*)al(8 * H * 4);
    l.c = (float*)al(H * 4);
    l.xh = (float*)al(8192 * 4);
    l.xb = (uint16_t*)al(8192);
    l.xq = (uint8_t*)al(8192);
    std::vector<float> W((size_t)4 * H * l.K);
    float s = 1 / std::sqrt((float)H);
    for (auto& x : W) x = (rand() / (float)RAND_MAX * 2 - 1) * s;
    for (int b = 0; b < H / 16; b++)
        for (int g = 0; g < 4; g++)
            for (int j = 0; j < 16; j++) {
                const float* row = &W[(size_t)(g * H + b * 16 + j) * l.K];
                float m = 0;
                for (int k = 0; k < l.K; k++) m = std::max(m, std::fabs(row[k]));
                float sc = m / 127;
                l.scale[(b * 4 + g) * 16 + j] = sc;
                int cx = 0, ch = 0;
                for (int k = 0; k < l.K; k++) {
                    l.wf[(size_t)b * l.K * 64 + k * 64 + g * 16 + j] = row[k];
                    uint32_t u;
                    memcpy(&u, &row[k], 4);
                    u = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
                    l.wb[(size_t)b * l.K * 64 + (k / 2) * 128 + g * 32 + j * 2 + k % 2] = u;
                    int q = std::lrint(row[k] / sc);
                    l.wi[(size_t)b * l.K * 64 + (k / 4) * 256 + g * 64 + j * 4 + k % 4] = q;
                    (k < l.I ? cx : ch) += 128 * q;
                }
                l.corr[(b * 4 + g) * 32 + j] = cx;
                l.corr[(b * 4 + g) * 32 + 16 + j] = ch;
            }
    return l;
}

}  // namespace prototype
