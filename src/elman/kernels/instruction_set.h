// What the C face needs of the kernels compiled for one instruction set, and what it lends them.
#pragma once

#include <cstddef>

#include "elman.h"
#include "threads.h"

namespace elman {

// Memory of the calling thread, kept from call to call: fresh pages cost more than the work on them.
class Scratch {
  public:
    ~Scratch();
    float* floats(std::ptrdiff_t count);  // 64-byte aligned; null when there is no memory

  private:
    float* data_ = nullptr;
    std::ptrdiff_t size_ = 0;
};

// Calls with at most this many steps read their weights in place (in_place.h). With 16 rows and 4 steps both ways take
// about as long; with one row packing takes as long as 5 to 10 steps. Not a matter of rows or threads, so that a row has
// the same bits whatever the other rows are.
constexpr std::ptrdiff_t most_in_place_steps = 4;

// How the threads share a step: by rows of the batch, or by hidden units.
enum class Split { rows, units };

// The row blocks of a cell's weights, and the vectors of H that its forward pass saves; -1 for an unknown cell.
struct CellSizes {
    int64_t gates, saved;
};
using Sizes = CellSizes(int64_t cell);

// Runs one call and returns an elman_status. `offset` is (T + 1,) rows before each step, or null when every step has B
// rows.
using Run = int(const elman_call& call, const std::ptrdiff_t* offset, Team& team, Split split, Scratch& scratch);

// The same for a linear chain.
using RunChain = int(const elman_chain_call& call, const std::ptrdiff_t* offset, Scratch& scratch);

namespace avx512 {
Run run;
RunChain run_chain;
Sizes sizes;
}  // namespace avx512
namespace avx2 {
Run run;
RunChain run_chain;
Sizes sizes;
}  // namespace avx2
namespace portable {
Run run;
RunChain run_chain;
Sizes sizes;
}  // namespace portable

}  // namespace elman
