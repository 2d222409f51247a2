// One buffer for all maps of a plan, each at a place that is its own for as long as it is needed.
#pragma once

#include <cstddef>
#include <vector>

namespace impasto::engine::cpu {

// Something that is needed from time `first` to time `last`, both included.
struct Tenant {
  size_t bytes = 0;
  int first = 0, last = 0;
  size_t offset = 0;  // out: in bytes, a multiple of 64
};

// Gives each tenant an offset so that no two overlap while both are needed; largest first, each at the lowest
// free place. Returns the bytes of the whole.
size_t PlaceTenants(std::vector<Tenant>* tenants);

// Bytes that lie in the place of at least one of the placed tenants.
size_t CoveredBytes(std::vector<Tenant> tenants);

}  // namespace impasto::engine::cpu
