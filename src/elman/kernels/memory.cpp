#include "memory.h"

#include <cstring>

#include <sys/mman.h>

namespace elman {

void advise_huge_pages(void* data, std::size_t bytes) {
#if defined(__linux__)
    const auto begin = (reinterpret_cast<uintptr_t>(data) + huge_page - 1) / huge_page * huge_page;
    const auto end = (reinterpret_cast<uintptr_t>(data) + bytes) / huge_page * huge_page;
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

bool Memory::allocate() {
    const std::size_t alignment = used_ < huge_page ? line : huge_page;
    const std::size_t bytes = (used_ + alignment) / alignment * alignment;
    data_ = static_cast<char*>(std::aligned_alloc(alignment, bytes));
    if (data_ == nullptr) return false;
    advise_huge_pages(data_, bytes);
    std::memset(data_, 0, bytes);
    used_ = 0;
    return true;
}

}  // namespace elman
