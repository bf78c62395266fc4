// Streams for one instruction set and precision: CMake compiles this file once for each, with ELMAN_ISA as its name.
#include <algorithm>
#include <vector>

#include "stream_plan.h"
#include "stream_recurrent.h"

namespace elman::ELMAN_ISA {
namespace {

class Plan : public StreamPlan {
  public:
    // Lays out the layers for B rows, without memory the first time.
    bool lay_out(int64_t rows) {
        B = rows;
        for (int pass = 0; pass < 2; pass++) {
            if (!reads_symbols) x_ = new_activations(memory_, B, I);
            for (auto& layer : layers_) layer->lay_out(memory_, B);
            if (pass == 0 && !memory_.allocate()) return false;
        }
        return true;
    }

    void run(const void* x, float* y, int64_t T, int64_t begin, int64_t end, int phase) override {
        const auto* symbols = static_cast<const int64_t*>(x);
        const auto* floats = static_cast<const float*>(x);
        Activations given = x_;
        if (!converts) given.stride = I;
        for (int64_t t = 0; t < T; t++, phase ^= 1) {
            Input in = {symbols + t * B, &given};
            if (!reads_symbols && converts) {
                for (Index i = begin; i < end; i++) {
                    copy_floats(x_.row(i), floats + (t * B + i) * I, I);
                    x_.convert(i);
                }
            } else if (!reads_symbols) {  // what no product pads is read where it is
                given.floats = const_cast<float*>(floats + t * B * I);
                given.numbers = reinterpret_cast<Number*>(given.floats);
            }
            for (auto& layer : layers_) {
                layer->run(in, begin, end, phase);
                in.rows = layer->outputs[phase];
            }
            if (y != nullptr)
                for (Index i = begin; i < end; i++) copy_floats(y + (t * B + i) * O, in.rows->row(i), O);
        }
    }

    int64_t state_width() const override {
        int64_t width = 0;
        for (auto& layer : layers_) width += layer->state_width();
        return width;
    }

    void get_state(int phase, float* state) const override {
        each_part([&](Layer& layer, Index row, float* part) { layer.get_state(row, phase, part); }, state);
    }

    void set_state(int phase, const float* state) override {
        each_part([&](Layer& layer, Index row, float* part) { layer.set_state(row, phase, part); },
                  const_cast<float*>(state));
    }

    void reset(int phase, int64_t row) override {
        for (auto& layer : layers_) layer->reset(row, phase);
    }

    std::vector<std::unique_ptr<Layer>> layers_;

  private:
    // Calls use(layer, row, its part of the state): rows one after the other, in each the layers.
    template <class Use>
    void each_part(Use use, float* state) const {
        for (Index row = 0; row < B; row++) {
            for (auto& layer : layers_) {
                use(*layer, row, state);
                state += layer->state_width();
            }
        }
    }

    Memory memory_;
    Activations x_ = {};
};

std::unique_ptr<Layer> new_recurrent(const elman_layer& layer, const elman_layer* embedding) {
    return with_cell(layer.cell, std::unique_ptr<Layer>(), [&](auto cell) -> std::unique_ptr<Layer> {
        return std::make_unique<Recurrent<decltype(cell)>>(layer, embedding);
    });
}

// Returns whether a layer can follow one of `width` outputs.
bool fits(const elman_layer& layer, int64_t place, int64_t width) {
    if (layer.I < 1 || layer.O < 1 || (place > 0 && layer.I != width)) return false;
    switch (layer.kind) {
        case elman_embedding: return place == 0 && (layer.weight_ih != nullptr || layer.I == layer.O);
        case elman_recurrent:
            return layer.H > 0 && (layer.weight_hr != nullptr ? layer.cell == elman_lstm : layer.H == layer.O);
        case elman_linear: return true;
        case elman_layer_norm:
        case elman_tanh:
        case elman_relu:
        case elman_sigmoid:
        case elman_softmax: return layer.I == layer.O;
        default: return false;
    }
}

bool is_product(const elman_layer& layer) { return layer.kind == elman_recurrent || layer.kind == elman_linear; }

int64_t gates_of(int64_t cell) {
    return with_cell(cell, int64_t{0}, [](auto found) -> int64_t { return decltype(found)::gates; });
}

}  // namespace

std::unique_ptr<StreamPlan> new_plan(const elman_layer* layers, int64_t count, int64_t B, int64_t* status) {
    auto plan = std::make_unique<Plan>();
    *status = elman_stream_bad_layer;
    if (count < 1 || B < 1) return nullptr;
    plan->I = layers[0].I;
    plan->O = layers[count - 1].O;
    plan->reads_symbols = layers[0].kind == elman_embedding;
    for (int64_t i = 0; i < count; i++) {
        const elman_layer& layer = layers[i];
        if (!fits(layer, i, i > 0 ? layers[i - 1].O : layer.I)) return nullptr;
        std::unique_ptr<Layer> made;
        if (layer.kind == elman_embedding) {
            if (count > 1 && folds(layer, layers[1], gates_of(layers[1].cell))) continue;
            made = std::make_unique<Embedding>(layer);
        } else if (layer.kind == elman_recurrent) {
            const bool folded = i == 1 && folds(layers[0], layer, gates_of(layer.cell));
            made = new_recurrent(layer, folded ? &layers[0] : nullptr);
            if (made == nullptr) return nullptr;
        } else if (layer.kind == elman_linear) {
            made = std::make_unique<Linear>(layer);
        } else {
            made = std::make_unique<RowWise>(layer);
        }
        made->feeds_product = i + 1 < count && is_product(layers[i + 1]);
        plan->layers_.push_back(std::move(made));
    }
    *status = plan->lay_out(B) ? elman_stream_ok : elman_stream_no_memory;
    return *status == elman_stream_ok ? std::move(plan) : nullptr;
}

// One symbol by a uniform number: with e_v = exp((score_v - highest) / temperature), the first v whose sum of e up to it
// exceeds the uniform part of the whole. top_k and top_p set the others' e to 0; of equal scores the first ones stay.
int64_t choose(const float* scores, int64_t count, const elman_sampling& sampling, double uniform, void* scratch) {
    int64_t highest = 0;
    for (int64_t v = 1; v < count; v++)
        if (scores[v] > scores[highest]) highest = v;
    if (sampling.temperature == 0) return highest;
    float* const weights = static_cast<float*>(scratch);
    const V factor = splat(static_cast<float>(1 / sampling.temperature));
    double total = 0;
    for (Index v = 0; v < count; v += W) {
        const Index lanes = min(W, count - v);
        const V off = (load(scores + v, lanes) - splat(scores[highest])) * factor;
        store(weights + v, exponential_of(off), lanes);
    }
    const bool all = (sampling.top_k == 0 || sampling.top_k >= count) && sampling.top_p >= 1;
    if (all) {
        for (int64_t v = 0; v < count; v++) total += weights[v];
    } else {
        auto* const order = reinterpret_cast<int64_t*>(weights + round_up(count, 2));
        for (int64_t v = 0; v < count; v++) order[v] = v;
        const int64_t kept = sampling.top_k == 0 ? count : std::min(sampling.top_k, count);
        std::partial_sort(order, order + kept, order + count,
                          [=](int64_t a, int64_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
        double whole = 0;
        for (int64_t i = 0; i < kept; i++) whole += weights[order[i]];
        int64_t used = 0;
        while (used < kept && (used == 0 || total < sampling.top_p * whole)) total += weights[order[used++]];
        for (int64_t i = used; i < count; i++) weights[order[i]] = 0;
    }
    const double wanted = uniform * total;
    double sum = 0;
    int64_t chosen = highest;
    for (int64_t v = 0; v < count; v++) {
        if (weights[v] == 0) continue;
        sum += weights[v];
        chosen = v;
        if (sum > wanted) break;
    }
    return chosen;
}

}  // namespace elman::ELMAN_ISA
