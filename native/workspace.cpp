#include "workspace.hpp"

#include <pthread.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace gruvy {
namespace {

// Blocks that nobody uses are kept up to this many floats in all (256 MiB); beyond it the oldest go back to the system.
constexpr std::size_t KEPT = std::size_t{1} << 26;
constexpr std::size_t HEADER =
    16;  // floats before the block: its size, and nothing else, so that 64 bytes stay aligned

struct Shelf {
    std::mutex mutex;
    std::vector<float *> blocks;  // oldest first
    std::size_t floats = 0;
};

// Never destroyed: tensors may give their memory back after the end of main().
Shelf *shelf = new Shelf;

// A fork may come while another thread holds the mutex, which nobody would unlock in the child: it starts with an empty
// shelf of its own.
void forget_shelf() { shelf = new Shelf; }

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, forget_shelf);

std::size_t &size_of(float *block) { return *reinterpret_cast<std::size_t *>(block - HEADER); }

}  // namespace

float *take_workspace(Index wanted) {
    const std::size_t floats = (static_cast<std::size_t>(wanted) + HEADER - 1) / HEADER * HEADER;
    {
        Shelf &kept = *shelf;
        const std::lock_guard<std::mutex> lock(kept.mutex);
        for (std::size_t i = kept.blocks.size(); i-- > 0;) {  // the youngest that fits and is not twice too large
            float *block = kept.blocks[i];
            if (size_of(block) < floats || size_of(block) > 2 * floats) continue;
            kept.blocks.erase(kept.blocks.begin() + static_cast<std::ptrdiff_t>(i));
            kept.floats -= size_of(block);
            return block;
        }
    }
    void *memory = std::aligned_alloc(HEADER * sizeof(float), (floats + HEADER) * sizeof(float));
    if (!memory) throw std::bad_alloc();
    float *block = static_cast<float *>(memory) + HEADER;
    size_of(block) = floats;
    return block;
}

void release_workspace(float *block) noexcept {
    Shelf &kept = *shelf;
    const std::lock_guard<std::mutex> lock(kept.mutex);
    try {
        kept.blocks.push_back(block);
    } catch (const std::bad_alloc &) {
        std::free(block - HEADER);
        return;
    }
    kept.floats += size_of(block);
    while (kept.floats > KEPT) {
        float *oldest = kept.blocks.front();
        kept.floats -= size_of(oldest);
        kept.blocks.erase(kept.blocks.begin());
        std::free(oldest - HEADER);
    }
}

}  // namespace gruvy
