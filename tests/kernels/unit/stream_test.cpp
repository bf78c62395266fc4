// The int8 products of AVX2, with the instruction emulated, beside the float32 stream of the library: no machine of the
// tests need have AVX-VNNI. Python's tests hold all other streams to the layers.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "stream_isa.cpp"

using namespace elman;

namespace {

int failures = 0;

void check(bool holds, const char* what, double got) {
    if (holds) return;
    failures++;
    std::printf("%s: got %g\n", what, got);
}

std::vector<float> random_floats(std::ptrdiff_t count, float scale) {
    std::vector<float> made(static_cast<std::size_t>(count));
    for (float& x : made) x = (std::rand() / static_cast<float>(RAND_MAX) * 2 - 1) * scale;
    return made;
}

// The distance of two results over the size of the second.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double off = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); i++) {
        off += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return std::sqrt(off / size);
}

void compare(int64_t cell, int64_t gates, int64_t I, int64_t H, int64_t B) {
    constexpr int64_t T = 12, O = 5;
    const float scale = 1 / std::sqrt(static_cast<float>(H));
    const auto w_ih = random_floats(gates * H * I, scale), w_hh = random_floats(gates * H * H, scale);
    const auto bias = random_floats(gates * H, scale), head = random_floats(O * H, scale);
    const auto x = random_floats(T * B * I, 1);
    const elman_layer layers[] = {
        {elman_recurrent, cell, I, H, H, w_ih.data(), w_hh.data(), bias.data(), bias.data(), nullptr, 0},
        {elman_linear, 0, H, 0, O, head.data(), nullptr, nullptr, nullptr, nullptr, 0},
    };
    int64_t status = 0;
    elman_stream* exact = elman_stream_new(layers, 2, B, elman_float32, 1, &status);
    const auto plan = ELMAN_ISA::new_plan(layers, 2, B, &status);
    check(exact != nullptr && plan != nullptr, "a stream", static_cast<double>(status));
    std::vector<float> wanted(static_cast<std::size_t>(T * B * O)), found(wanted.size());
    elman_stream_run(exact, x.data(), wanted.data(), T);
    plan->run(x.data(), found.data(), T, 0, B, 0);
    elman_stream_free(exact);
    const double off = distance(found, wanted);
    check(off < 0.05, "relative distance of int8 to float32", off);
    check(off > 1e-5, "int8 is no float32", off);
}

}  // namespace

int main() {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 77;
    elman_use_instruction_set("avx2");
    for (int64_t B : {1, 2, 5}) {
        for (int64_t H : {3, 16, 37}) {
            compare(elman_lstm, 4, H + 1, H, B);
            compare(elman_gru, 3, 6, H, B);
            compare(elman_gru_reset_before, 3, 6, H, B);
            compare(elman_rnn_tanh, 1, 9, H, B);
        }
    }
    return failures != 0;
}
