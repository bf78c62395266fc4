// The kernels for one instruction set: CMake compiles this file once for each, with ELMAN_ISA as its name.
#include "backward.h"
#include "forward.h"
#include "instruction_set.h"

namespace elman::ELMAN_ISA {
namespace {

template <class Pass>
int run_pass(const elman_call& call, const Index* offset, Team& team, int members, bool split_units, Scratch& scratch) {
    Pass pass(call, offset, members, split_units);
    Layout measure(nullptr);
    pass.lay_out(measure);
    float* memory = scratch.floats(measure.used());
    if (memory == nullptr) return 1;
    Layout layout(memory);
    pass.lay_out(layout);
    team.run([](void* argument, int member) { static_cast<Pass*>(argument)->run(member); }, &pass);
    return 0;
}

template <class Cell>
int run_cell(const elman_call& call, const Index* offset, Team& team, int members, bool split_units, Scratch& scratch) {
    return call.backward ? run_pass<BackwardPass<Cell>>(call, offset, team, members, split_units, scratch)
                         : run_pass<ForwardPass<Cell>>(call, offset, team, members, split_units, scratch);
}

}  // namespace

int run(const elman_call& call, const Index* offset, Team& team, bool split_units, Scratch& scratch) {
    const auto run_as = [&](auto run_cell) { return run_cell(call, offset, team, team.size(), split_units, scratch); };
    switch (call.cell) {
        case elman_rnn_tanh: return run_as(run_cell<Rnn<false>>);
        case elman_rnn_relu: return run_as(run_cell<Rnn<true>>);
        case elman_lstm: return run_as(run_cell<Lstm>);
        case elman_gru: return run_as(run_cell<Gru>);
        default: return run_as(run_cell<GruResetBefore>);
    }
}

}  // namespace elman::ELMAN_ISA
