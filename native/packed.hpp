// Packed weights as the drivers see them.
#pragma once

#include "kernel.hpp"
#include "memory.hpp"

namespace gruvy {

struct Packed::Parts {
    const ForwardTable &kernels;
    Memory ih, hh, bias, norm;  // ForwardTable::pack, Table::pack_bias, Table::pack_norm: empty without layer norm
};

}  // namespace gruvy
