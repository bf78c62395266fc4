// The cells' equations. A cell is forward() and backward() on vectors of units, and a table of the sums that its
// products add to; the loop over time, the products and the threads are shared (sequence.h). Add a cell here.
//
// `bounded` cells have no h above 1 in size, unless they began with one.
//
// Slots are the sums that a unit needs before its equation can be evaluated; each gate's row block of W_ih adds to slot
// input_slot[gate], its block of W_hh to slot hidden_slot[gate]. Slots are ordered so that both are contiguous: the
// backward pass multiplies them by the weights as one matrix.
//
// backward() gets in `d` the gradient that reaches the state from outside the step, replaces it by the total
// derivative, and returns the gradient of the state before, without the part through the weights.
#pragma once

#include "elman.h"
#include "simd.h"

namespace elman::ELMAN_ISA {
namespace {

struct State {
    V h, c;
};

enum class Activation { tanh, relu };

// h = f(a)
template <Activation activation>
struct Rnn {
    static constexpr bool is_relu = activation == Activation::relu;
    static constexpr int gates = 1, slots = 1, saved = 0;
    static constexpr bool has_cell = false, reset_before = false, bounded = !is_relu;
    static constexpr int input_slot[] = {0}, hidden_slot[] = {0};

    static State forward(const V (&a)[1], State, V*) { return {is_relu ? relu(a[0]) : tanh(a[0]), V{}}; }

    static State backward(const V*, State, State now, State& d, V (&da)[1]) {
        // NaN is not at most 0: its gradient passes, as in torch.
        da[0] = is_relu ? (now.h <= 0.0f ? V{} : d.h) : d.h * (1.0f - now.h * now.h);
        return {V{}, V{}};
    }
};

// c = f c' + i g,  h = o tanh(c)
struct Lstm {
    static constexpr int gates = 4, slots = 4, saved = 4;
    static constexpr bool has_cell = true, reset_before = false, bounded = true;
    static constexpr int input_slot[] = {0, 1, 2, 3}, hidden_slot[] = {0, 1, 2, 3};

    static State forward(const V (&a)[4], State before, V* save) {
        const V i = sigmoid(a[0]), f = sigmoid(a[1]), g = tanh(a[2]), o = sigmoid(a[3]);
        save[0] = i;
        save[1] = f;
        save[2] = g;
        save[3] = o;
        const V c = fma(f, before.c, i * g);
        return {o * tanh(c), c};
    }

    static State backward(const V* save, State before, State now, State& d, V (&da)[4]) {
        const V i = save[0], f = save[1], g = save[2], o = save[3];
        const V tanh_c = tanh(now.c);
        d.c = fma(d.h * o, 1.0f - tanh_c * tanh_c, d.c);
        da[0] = d.c * g * (i * (1.0f - i));
        da[1] = d.c * before.c * (f * (1.0f - f));
        da[2] = d.c * i * (1.0f - g * g);
        da[3] = d.h * tanh_c * (o * (1.0f - o));
        return {V{}, d.c * f};
    }
};

// h = n + z (h' - n),  n = tanh(x_n + r m) with m = W_hn h' + b_hn: the reset gate after the product.
// Slots n r z m: the input adds to n r z, the hidden state to r z m.
struct Gru {
    static constexpr int gates = 3, slots = 4, saved = 4;
    static constexpr bool has_cell = false, reset_before = false, bounded = true;
    static constexpr int input_slot[] = {1, 2, 0}, hidden_slot[] = {1, 2, 3};

    static State forward(const V (&a)[4], State before, V* save) {
        const V r = sigmoid(a[1]), z = sigmoid(a[2]), m = a[3];
        const V n = tanh(fma(r, m, a[0]));
        save[0] = r;
        save[1] = z;
        save[2] = n;
        save[3] = m;
        return {fma(z, before.h - n, n), V{}};
    }

    static State backward(const V* save, State before, State, State& d, V (&da)[4]) {
        const V r = save[0], z = save[1], n = save[2], m = save[3];
        da[0] = d.h * (1.0f - z) * (1.0f - n * n);
        da[1] = da[0] * m * (r * (1.0f - r));
        da[2] = d.h * (before.h - n) * (z * (1.0f - z));
        da[3] = da[0] * r;
        return {d.h * z, V{}};
    }
};

// h = n + z (h' - n),  n = tanh(x_n + W_hn (r h') + b_hn): the reset gate before the product, so that a step has two:
// first r and z from h', then n from r h'. Slots n r z.
struct GruResetBefore {
    static constexpr int gates = 3, slots = 3, saved = 3;
    static constexpr bool has_cell = false, reset_before = true, bounded = true;
    static constexpr int input_slot[] = {1, 2, 0}, hidden_slot[] = {1, 2, 0};

    // r h', the operand of the second product.
    static V reset(V a_r, V before_h) { return sigmoid(a_r) * before_h; }

    static State forward(const V (&a)[3], State before, V* save) {
        const V r = sigmoid(a[1]), z = sigmoid(a[2]), n = tanh(a[0]);
        save[0] = r;
        save[1] = z;
        save[2] = n;
        return {fma(z, before.h - n, n), V{}};
    }

    // All but what comes through r h', which needs the product with W_hn first.
    static State backward(const V* save, State before, State, State& d, V (&da)[3]) {
        const V z = save[1], n = save[2];
        da[0] = d.h * (1.0f - z) * (1.0f - n * n);
        da[1] = V{};
        da[2] = d.h * (before.h - n) * (z * (1.0f - z));
        return {d.h * z, V{}};
    }

    // The rest: d(r h') gives da_r, and its share of dh'.
    static V backward_reset(V r, V before_h, V d_reset, V& da_r) {
        da_r = d_reset * before_h * (r * (1.0f - r));
        return d_reset * r;
    }
};

// Calls use(Cell{}) for the cell of that number, and returns its result, or `unknown`.
template <class Use, class Result>
Result with_cell(int64_t cell, Result unknown, Use use) {
    switch (cell) {
        case elman_rnn_tanh: return use(Rnn<Activation::tanh>{});
        case elman_rnn_relu: return use(Rnn<Activation::relu>{});
        case elman_lstm: return use(Lstm{});
        case elman_gru: return use(Gru{});
        case elman_gru_reset_before: return use(GruResetBefore{});
        default: return unknown;
    }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
