// Unit tests of the parts that every kernel is made of: partial loads and stores, transposition, the exponential, sigmoid
// and tanh, packing, tiles, products in place and outer products. CMake compiles this file once for each instruction set; CTest runs them.
//
// Sizes are N - 1, N and N + 1 around each size that the code treats specially. Memory beyond what a function may write
// is filled with a canary. The last test breaks a comparison on purpose and must see it fail.
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "in_place.h"
#include "product.h"

namespace elman::ELMAN_ISA {
namespace {

constexpr float canary = -12345.678f;
constexpr int skipped = 77;  // CTest's SKIP_RETURN_CODE

int failures = 0;

void check(bool holds, const char* what, Index a = 0, Index b = 0, Index c = 0) {
    if (holds) return;
    failures++;
    std::printf("failed: %s (%td, %td, %td)\n", what, a, b, c);
}

// Numbers without structure, the same in every run.
class Random {
  public:
    float next() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<float>(static_cast<int64_t>(state_ >> 40)) / (1 << 23) - 1.0f;
    }
    std::vector<float> floats(Index count) {
        std::vector<float> found(static_cast<std::size_t>(count));
        for (float& x : found) x = next();
        return found;
    }

  private:
    uint64_t state_ = 2026;
};

std::vector<float> canaries(Index count) { return std::vector<float>(static_cast<std::size_t>(count), canary); }

// The sizes N - 1, N and N + 1 around a size.
std::vector<Index> around(Index size) { return {size - 1, size, size + 1}; }

bool close(float got, double expected, double scale) {
    return std::fabs(got - expected) <= 1e-6 * std::fmax(scale, std::fabs(expected));
}

void test_partial_loads_and_stores() {
    Random random;
    const std::vector<float> source = random.floats(2 * W);
    for (Index lanes = 0; lanes <= W + 1; lanes++) {
        const V loaded = load(source.data() + 1, lanes);
        std::vector<float> target = canaries(2 * W + 1);
        store(target.data() + 1, loaded, lanes);
        for (Index i = 0; i < 2 * W; i++) {
            const float expected = i >= 1 && i < 1 + min(lanes, W) ? source[static_cast<std::size_t>(i)] : canary;
            check(target[static_cast<std::size_t>(i)] == expected, "store writes its lanes alone", lanes, i);
            if (i < W) check(i < lanes || loaded[i] == 0.0f, "lanes that are not loaded are 0", lanes, i);
        }
    }
}

void test_transpose() {
    V block[W];
    for (int row = 0; row < W; row++)
        for (int lane = 0; lane < W; lane++) block[row][lane] = static_cast<float>(row * W + lane);
    transpose(block);
    for (int row = 0; row < W; row++)
        for (int lane = 0; lane < W; lane++)
            check(block[row][lane] == static_cast<float>(lane * W + row), "transpose", row, lane);
}

void test_exponential() {
    for (double at = -87.0; at <= 88.0; at += 0.0137) {
        const float x = static_cast<float>(at);
        const Exponential e = exponential(splat(x));
        const double got = static_cast<double>(e.power[0]) * (1.0 + static_cast<double>(e.rest[0]));
        const double expected = std::exp(static_cast<double>(x));
        check(std::fabs(got - expected) <= 2e-7 * expected, "exponential", static_cast<Index>(at));
    }
}

void test_sigmoid_and_tanh() {
    for (double at = -30.0; at <= 30.0; at += 0.00917) {
        const float x = static_cast<float>(at);
        const double sigma = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
        const double tangent = std::tanh(static_cast<double>(x));
        check(std::fabs(sigmoid(splat(x))[0] - sigma) <= 4e-7 * sigma, "sigmoid", static_cast<Index>(at));
        check(std::fabs(tanh(splat(x))[0] - tangent) <= 4e-7 * std::fabs(tangent), "tanh", static_cast<Index>(at));
        check(tanh(splat(-x))[0] == -tanh(splat(x))[0], "tanh is odd", static_cast<Index>(at));
    }
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    check(sigmoid(splat(infinity))[0] == 1.0f && sigmoid(splat(-infinity))[0] == 0.0f, "sigmoid at infinity");
    check(tanh(splat(infinity))[0] == 1.0f && tanh(splat(-infinity))[0] == -1.0f, "tanh at infinity");
    check(std::isnan(sigmoid(splat(nan))[0]) && std::isnan(tanh(splat(nan))[0]), "NaN stays NaN");
    check(std::isnan(relu(splat(nan))[0]), "relu of NaN is NaN");
    check(std::signbit(tanh(splat(-0.0f))[0]), "tanh of -0 is -0");
    for (float tiny = 1e-38f; tiny < 1e-3f; tiny *= 7.3f)
        check(std::fabs(tanh(splat(tiny))[0] - tiny) <= 1e-6f * tiny, "tanh near 0 is its argument");
}

// A matrix (rows, columns) and the value that a panel must hold at (k, j).
void check_panel(const std::vector<float>& panel, Index K, Index columns, const std::vector<float>& expected) {
    for (Index k = 0; k < K; k++)
        for (Index j = 0; j < panel_width; j++)
            check(panel[static_cast<std::size_t>(k * panel_width + j)] ==
                      (j < columns ? expected[static_cast<std::size_t>(k * columns + j)] : 0.0f),
                  "packed value", K, k, j);
    check(panel[static_cast<std::size_t>(K * panel_width)] == canary, "packing stays inside its panel", K, columns);
}

void test_packing() {
    Random random;
    for (Index K : around(W)) {
        for (Index columns : {Index{1}, Index{W - 1}, Index{W}, Index{W + 1}, panel_width - 1, panel_width}) {
            std::vector<float> matrix = random.floats(K * columns);  // (K, columns)
            std::vector<float> panel = canaries(K * panel_width + 1);
            pack_rows(panel.data(), K, columns, [&](Index k) { return matrix.data() + k * columns; });
            check_panel(panel, K, columns, matrix);

            std::vector<float> transposed(matrix.size());  // (columns, K)
            for (Index k = 0; k < K; k++)
                for (Index j = 0; j < columns; j++)
                    transposed[static_cast<std::size_t>(j * K + k)] = matrix[static_cast<std::size_t>(k * columns + j)];
            panel = canaries(K * panel_width + 1);
            pack_transposed(panel.data(), K,
                            [&](Index j) { return j < columns ? transposed.data() + j * K : nullptr; });
            check_panel(panel, K, columns, matrix);
        }
    }
}

// A product of `rows` rows with `count` panels; returns the sums, with canaries in a row's padding.
struct Problem {
    Index rows, K, panels;
    std::vector<float> a, packed, start;
    std::vector<int> column;

    Problem(Index rows, Index K, Index panels) : rows(rows), K(K), panels(panels) {
        Random random;
        a = random.floats(rows * K);
        packed = random.floats(panels * K * panel_width);
        start = random.floats(rows * stride());
        for (int v = 0; v < 2 * panels; v++) column.push_back(v * W);
    }
    Index stride() const { return panels * panel_width + 3; }

    std::vector<float> solve(Order order, Index first_row = 0) const {
        std::vector<float> sums = start;
        product({a.data() + first_row * K, K}, rows - first_row, {packed.data(), column.data(), K}, {0, panels},
                {sums.data() + first_row * stride(), stride()}, order);
        return sums;
    }
    double expected(Index row, Index j) const {
        const float* panel = packed.data() + j / panel_width * K * panel_width + j % panel_width;
        double sum = start[static_cast<std::size_t>(row * stride() + j)];
        for (Index k = 0; k < K; k++)
            sum += static_cast<double>(a[static_cast<std::size_t>(row * K + k)]) * panel[k * panel_width];
        return sum;
    }
};

void test_products() {
    std::vector<Index> depths = around(k_block);
    depths.push_back(1);
    depths.push_back(2 * k_block + 1);
    for (Index rows = 1; rows <= 2 * tile_rows + 1; rows++) {
        for (Index K : depths) {
            for (Index panels : {1, 2, 3, 5}) {
                const Problem problem(rows, K, panels);
                const std::vector<float> got = problem.solve(Order::ascending);
                const Index width = panels * panel_width;
                for (Index row = 0; row < rows; row++) {
                    for (Index j = 0; j < width; j += 7)
                        check(close(got[static_cast<std::size_t>(row * problem.stride() + j)], problem.expected(row, j),
                                    std::sqrt(static_cast<double>(K))),
                              "product", rows, K, j);
                    for (Index j = width; j < problem.stride(); j++) {
                        const auto at = static_cast<std::size_t>(row * problem.stride() + j);
                        check(got[at] == problem.start[at], "product writes its columns alone", rows, K, j);
                    }
                }
                check(got == problem.solve(Order::descending), "the order of panels changes no bit", rows, K, panels);
                const std::vector<float> last = problem.solve(Order::ascending, rows - 1);
                for (Index j = 0; j < width; j++) {
                    const auto at = static_cast<std::size_t>((rows - 1) * problem.stride() + j);
                    check(got[at] == last[at], "a row's bits do not depend on other rows", rows, K, j);
                }
            }
        }
    }
}

void test_dot_products() {
    Random random;
    for (Index rows : {1, 2, 3, 4, 5, 7, 16, 17, 19}) {
        for (Index count = 1; count <= W; count++) {
            for (Index K : {Index{1}, Index{W - 1}, Index{W}, Index{2 * W + 1}, dot_block + W + 1}) {
                const Index stride = K + 1, width = W + 2;
                const std::vector<float> a = random.floats(rows * stride), weight = random.floats(count * stride);
                const std::vector<float> before = random.floats(rows * width);
                std::vector<float> sums = before, last = before;
                const auto solve = [&](Index first, std::vector<float>& out) {
                    dot_product({a.data() + first * stride, stride}, rows - first, {weight.data(), stride}, count, K,
                                {out.data() + first * width, width});
                };
                solve(0, sums);
                solve(rows - 1, last);
                for (Index row = 0; row < rows; row++) {
                    for (Index j = 0; j < width; j++) {
                        const auto at = static_cast<std::size_t>(row * width + j);
                        double sum = before[at];
                        for (Index k = 0; k < K && j < count; k++)
                            sum += static_cast<double>(a[static_cast<std::size_t>(row * stride + k)]) *
                                   weight[static_cast<std::size_t>(j * stride + k)];
                        check(close(sums[at], sum, std::sqrt(static_cast<double>(K))), "dot product", rows, K, j);
                        check(row < rows - 1 || sums[at] == last[at], "other rows change no bit", rows, K, j);
                    }
                }
            }
        }
    }
}

// Down the columns, what is read in place gives the bits of what is packed.
void test_column_products() {
    Random random;
    std::vector<Index> widths = around(pass_columns);
    for (Index width : {1, W - 1, W, W + 1}) widths.push_back(width);
    for (Index rows : {1, 2, 3, 4, 6, 16, 17}) {
        for (Index width : widths) {
            for (Index K : {Index{1}, Index{5}, k_block, k_block + 9}) {
                const Index panels = ceil_div(width, panel_width), stride = panels * panel_width;
                const std::vector<float> a = random.floats(rows * K), weight = random.floats(K * width);
                const std::vector<float> before = random.floats(rows * stride);
                std::vector<float> packed(static_cast<std::size_t>(panels * K * panel_width));
                std::vector<int> column;
                for (Index p = 0; p < panels; p++) {
                    pack_rows(packed.data() + p * K * panel_width, K, width - p * panel_width,
                              [&](Index k) { return weight.data() + k * width + p * panel_width; });
                }
                for (int v = 0; v < 2 * panels; v++) column.push_back(v * W);
                std::vector<float> expected = before, got = before;
                product({a.data(), K}, rows, {packed.data(), column.data(), K}, {0, panels}, {expected.data(), stride});
                column_product({a.data(), K}, rows, K, {0, width}, {got.data(), stride},
                               [&](Index k) { return weight.data() + k * width; });
                check(got == expected, "column product", rows, width, K);
            }
        }
    }
}

void test_outer_products() {
    Random random;
    for (Index rows = 1; rows <= outer_rows; rows++) {
        for (Index columns : around(panel_width)) {
            for (Index K : around(W)) {
                const Index stride = columns + 2;
                const std::vector<float> a = random.floats(K * outer_rows), panel = random.floats(K * panel_width);
                const std::vector<float> before = random.floats(rows * stride);
                std::vector<float> out = before;
                outer_product<Sum::add>({a.data(), outer_rows}, panel.data(), K, {out.data(), stride}, rows, columns);
                std::vector<float> replaced = canaries(rows * stride), zeros(replaced.size());
                outer_product<Sum::replace>({a.data(), outer_rows}, panel.data(), K, {replaced.data(), stride}, rows,
                                            columns);
                outer_product<Sum::add>({a.data(), outer_rows}, panel.data(), K, {zeros.data(), stride}, rows, columns);
                for (Index m = 0; m < rows; m++) {
                    for (Index j = 0; j < stride; j++) {
                        const auto at = static_cast<std::size_t>(m * stride + j);
                        double sum = before[at];
                        for (Index k = 0; k < K && j < min(columns, panel_width); k++)
                            sum += static_cast<double>(a[static_cast<std::size_t>(k * outer_rows + m)]) *
                                   panel[static_cast<std::size_t>(k * panel_width + j)];
                        check(close(out[at], sum, 1.0), "outer product", rows, columns, j);
                        check(replaced[at] == (j < min(columns, panel_width) ? zeros[at] : canary),
                              "an outer product replaces what was there", rows, columns, j);
                    }
                }
            }
        }
    }
}

// A product without its last k must be told from the whole one.
void test_that_a_wrong_product_is_seen() {
    const Problem whole(3, k_block, 1);
    Problem broken = whole;
    broken.a[static_cast<std::size_t>(broken.K - 1)] += 0.01f;
    check(!close(whole.solve(Order::ascending)[0], broken.expected(0, 0), std::sqrt(static_cast<double>(k_block))),
          "a broken operand is not seen");
}

bool machine_has_it() {
#if defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

int run_all() {
    if (!machine_has_it()) return skipped;
    test_partial_loads_and_stores();
    test_transpose();
    test_exponential();
    test_sigmoid_and_tanh();
    test_packing();
    test_products();
    test_dot_products();
    test_column_products();
    test_outer_products();
    test_that_a_wrong_product_is_seen();
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace elman::ELMAN_ISA

int main() { return elman::ELMAN_ISA::run_all(); }
