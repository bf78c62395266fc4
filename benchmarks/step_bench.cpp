// Measures one step at the C face beside a prototype: compiled and run by `benchmarks.streams`.
//
//     step_bench SECONDS               lines "cell H precision microseconds": LSTM, GRU, RNN and the prototype
//     step_bench latency CELL H STEPS  the median and the 99th percentile of that many steps, in nanoseconds
//     step_bench allocations STEPS     allocations in that many steps of every cell and precision
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>

#include "stream.h"

#if defined(__AVX512BF16__) && defined(__AVX512VNNI__)
#define HAS_PROTOTYPE
#include "step_prototype.h"
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

static std::atomic<long> allocations{0};

#if defined(__GLIBC__)
extern "C" void* __libc_malloc(size_t);
extern "C" void* malloc(size_t bytes) {
    allocations++;
    return __libc_malloc(bytes);
}
#endif

namespace {

using Clock = std::chrono::steady_clock;

constexpr int rows_of_x = 64;

struct Stream {
    elman_stream* stream;
    std::vector<float> x, y;
    int I;

    Stream(int64_t cell, int gates, int H, int64_t precision, int64_t B = 1)
        : x(static_cast<size_t>(rows_of_x * B * H)), y(static_cast<size_t>(B * H)), I(static_cast<int>(B * H)) {
        std::vector<float> weights(static_cast<size_t>(gates) * H * H), bias(static_cast<size_t>(gates) * H);
        const auto random = [] { return rand() / static_cast<float>(RAND_MAX) * 2 - 1; };
        for (float& w : weights) w = random() / __builtin_sqrtf(static_cast<float>(H));
        for (float& v : x) v = random();
        const elman_layer layer = {elman_recurrent, cell,        H,           H,       H, weights.data(),
                                   weights.data(),  bias.data(), bias.data(), nullptr, 0};
        int64_t status = 0;
        stream = elman_stream_new(&layer, 1, B, precision, 1, &status);
        if (stream == nullptr) {
            fprintf(stderr, "no stream: %ld\n", static_cast<long>(status));
            exit(1);
        }
    }
    ~Stream() { elman_stream_free(stream); }
    void step(int t) { elman_stream_run(stream, x.data() + (t % rows_of_x) * I, y.data(), 1); }
};

const char* const precisions[] = {"float32", "bfloat16", "int8"};
const struct {
    const char* name;
    int64_t cell;
    int gates;
} cells[] = {{"LSTM", elman_lstm, 4}, {"GRU", elman_gru, 3}, {"RNN", elman_rnn_tanh, 1}};

// The least time of one step over blocks of steps, so many seconds long, in microseconds.
template <class Step>
void measure(double& best, double seconds, Step step) {
    const auto begin = Clock::now();
    int steps = 16;
    do {
        const auto start = Clock::now();
        for (int t = 0; t < steps; t++) step(t);
        const double took = std::chrono::duration<double>(Clock::now() - start).count();
        if (took / steps * 1e6 < best) best = took / steps * 1e6;
        if (took < 2e-4) steps *= 2;
    } while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds);
}

int table(double seconds) {
    constexpr int rounds = 5;
    for (int H : {16, 32, 64, 128, 256, 512}) {
        for (int p = 0; p < 3; p++) {
            if (*elman_stream_instruction_set(p) == 0) continue;
            double best[5] = {1e9, 1e9, 1e9, 1e9, 1e9};
            std::vector<Stream*> one;
            for (const auto& c : cells) one.push_back(new Stream(c.cell, c.gates, H, p));
            Stream many(elman_lstm, 4, H, p, 16);
#if defined(HAS_PROTOTYPE)
            prototype::L l = prototype::make(H);
            void (*const steps[])(prototype::L&) = {prototype::step_f, prototype::step_b, prototype::step_i};
#endif
            for (int round = 0; round < rounds; round++) {
                for (int c = 0; c < 3; c++) measure(best[c], seconds / rounds, [&](int t) { one[c]->step(t); });
                measure(best[3], seconds / rounds, [&](int t) { many.step(t); });
#if defined(HAS_PROTOTYPE)
                measure(best[4], seconds / rounds, [&](int t) {
                    std::memcpy(l.xh, one[0]->x.data() + (t % rows_of_x) * H, static_cast<size_t>(H) * 4);
                    steps[p](l);
                });
#endif
            }
            for (int c = 0; c < 3; c++) printf("%s %d %s %.4f\n", cells[c].name, H, precisions[p], best[c]);
            printf("LSTMx16 %d %s %.4f\n", H, precisions[p], best[3]);
#if defined(HAS_PROTOTYPE)
            printf("prototype %d %s %.4f\n", H, precisions[p], best[4]);
            for (void* part : {static_cast<void*>(l.wf), static_cast<void*>(l.wb), static_cast<void*>(l.wi),
                               static_cast<void*>(l.bias), static_cast<void*>(l.scale), static_cast<void*>(l.corr),
                               static_cast<void*>(l.c), static_cast<void*>(l.xh), static_cast<void*>(l.xb),
                               static_cast<void*>(l.xq)})
                free(part);
#endif
            for (Stream* s : one) delete s;
            fflush(stdout);
        }
    }
    return 0;
}

int latency(const std::string& name, int H, int steps) {
    for (const auto& c : cells) {
        if (name != c.name) continue;
        Stream stream(c.cell, c.gates, H, elman_float32);
        std::vector<long> took(static_cast<size_t>(steps));
        for (int t = 0; t < 1000; t++) stream.step(t);
        for (int t = 0; t < steps; t++) {
            const auto start = Clock::now();
            stream.step(t);
            took[static_cast<size_t>(t)] =
                std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
        }
        std::sort(took.begin(), took.end());
        printf("%ld %ld\n", took[took.size() / 2], took[took.size() * 99 / 100]);
    }
    return 0;
}

int count_allocations(int steps) {
    long found = 0;
    for (const auto& c : cells) {
        for (int p = 0; p < 3; p++) {
            if (*elman_stream_instruction_set(p) == 0) continue;
            Stream stream(c.cell, c.gates, 16, p);
            stream.step(0);
            const long before = allocations;
            for (int t = 0; t < steps; t++) stream.step(t);
            found += allocations - before;
        }
    }
    printf("%ld\n", found);
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string what = count > 1 ? arguments[1] : "0.5";
    if (what == "latency") return latency(arguments[2], atoi(arguments[3]), atoi(arguments[4]));
    if (what == "allocations") return count_allocations(atoi(arguments[2]));
    return table(atof(what.c_str()));
}
