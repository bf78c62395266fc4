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

// `offset` is (T + 1,) rows before each step, or null when every step has B rows.
using Run = int(const elman_call& call, const std::ptrdiff_t* offset, Team& team, bool split_units, Scratch& scratch);

namespace avx512 { Run run; }
namespace avx2 { Run run; }
namespace portable { Run run; }

}  // namespace elman
