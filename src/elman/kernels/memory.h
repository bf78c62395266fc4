// Memory of the system: in huge pages where there is much of it, and all that an object needs in one piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace elman {

constexpr std::size_t huge_page = 2u << 20;

// Asks for huge pages. Large results are fresh pages: faulted in 4 KiB at a time, the 33 MB of gates of an LSTM with
// B 64, T 128, H 256 cost a tenth of its forward pass; in pages of 2 MiB, a hundredth.
void advise_huge_pages(void* data, std::size_t bytes);

// Memory that is laid out once without any, to measure it, and once with it.
class Memory {
  public:
    Memory() = default;
    ~Memory() { std::free(data_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    // Zeros on cache lines of their own; null while measuring.
    template <class T>
    T* array(std::ptrdiff_t count) {
        char* found = data_ == nullptr ? nullptr : data_ + used_;
        used_ += (static_cast<std::size_t>(count) * sizeof(T) + line - 1) / line * line;
        return reinterpret_cast<T*>(found);
    }

    // Allocates what was measured, to be laid out again. Returns whether there is so much memory.
    bool allocate();

  private:
    static constexpr std::size_t line = 64;
    char* data_ = nullptr;
    std::size_t used_ = 0;
};

}  // namespace elman
