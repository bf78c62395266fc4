// The kernels for one instruction set: CMake compiles this file once for each, with ELMAN_ISA as its name.
#include "backward.h"
#include "chain.h"
#include "forward.h"
#include "instruction_set.h"

namespace elman::ELMAN_ISA {
namespace {

// Gives a pass its arrays; false where there is no memory.
template <class Pass>
bool lay_out(Pass& pass, Scratch& scratch) {
    Layout measure(nullptr);
    pass.lay_out(measure);
    float* memory = scratch.floats(measure.used());
    if (memory == nullptr) return false;
    Layout layout(memory);
    pass.lay_out(layout);
    return true;
}

template <class Pass>
int run_pass(const elman_call& call, const Index* offset, Team& team, Split split, Scratch& scratch) {
    Pass pass(call, offset, team.size(), split);
    if (!lay_out(pass, scratch)) return elman_no_memory;
    team.run([](void* argument, int thread) { static_cast<Pass*>(argument)->run(thread); }, &pass);
    return elman_ok;
}

template <class Cell>
int run_cell(const elman_call& call, const Index* offset, Team& team, Split split, Scratch& scratch) {
    return call.backward ? run_pass<BackwardPass<Cell>>(call, offset, team, split, scratch)
                         : run_pass<ForwardPass<Cell>>(call, offset, team, split, scratch);
}

}  // namespace

int run(const elman_call& call, const Index* offset, Team& team, Split split, Scratch& scratch) {
    return with_cell(call.cell, int{elman_unknown_cell},
                     [&](auto cell) { return run_cell<decltype(cell)>(call, offset, team, split, scratch); });
}

int run_chain(const elman_chain_call& call, const Index* offset, Scratch& scratch) {
    ChainPass pass(call, offset);
    if (!lay_out(pass, scratch)) return elman_no_memory;
    pass.run();
    return elman_ok;
}

CellSizes sizes(int64_t cell) {
    return with_cell(cell, CellSizes{-1, -1}, [](auto found) {
        using Cell = decltype(found);
        return CellSizes{Cell::gates, Cell::saved};
    });
}

}  // namespace elman::ELMAN_ISA
