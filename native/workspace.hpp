// Large blocks of memory that are used again: what forward saves for backward, and the gradients of a backward pass.
// Fresh pages from the system cost as much as half a training step of a small layer (see design/001-engine.md).
#pragma once

#include "gru.hpp"

namespace gruvy {

// At least `floats` floats at a multiple of 64 bytes, with anything in them; given back by release_workspace. Throws
// std::bad_alloc. Both may be called from any thread.
float *take_workspace(Index floats);
void release_workspace(float *block) noexcept;

}  // namespace gruvy
