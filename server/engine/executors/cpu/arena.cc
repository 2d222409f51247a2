#include "engine/executors/cpu/arena.h"

#include <algorithm>
#include <numeric>

namespace impasto::engine::cpu {

size_t PlaceTenants(std::vector<Tenant>* tenants) {
  constexpr size_t kAlignment = 64;  // a cache line, and the widest vector
  std::vector<size_t> order(tenants->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return (*tenants)[a].bytes > (*tenants)[b].bytes; });
  size_t total = 0;
  std::vector<const Tenant*> placed;  // by offset
  for (const size_t i : order) {
    Tenant& tenant = (*tenants)[i];
    const size_t bytes = (tenant.bytes + kAlignment - 1) / kAlignment * kAlignment;
    tenant.offset = 0;
    for (const Tenant* other : placed) {
      if (other->last < tenant.first || other->first > tenant.last) continue;
      if (tenant.offset + bytes <= other->offset) break;
      tenant.offset =
          std::max(tenant.offset, other->offset + (other->bytes + kAlignment - 1) / kAlignment * kAlignment);
    }
    total = std::max(total, tenant.offset + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &tenant,
                                   [](const Tenant* a, const Tenant* b) { return a->offset < b->offset; }),
                  &tenant);
  }
  return total;
}

size_t CoveredBytes(std::vector<Tenant> tenants) {
  std::sort(tenants.begin(), tenants.end(),
            [](const Tenant& a, const Tenant& b) { return a.offset < b.offset; });
  size_t covered = 0, end = 0;
  for (const Tenant& tenant : tenants) {
    const size_t to = tenant.offset + tenant.bytes;
    if (to <= end) continue;
    covered += to - std::max(end, tenant.offset);
    end = to;
  }
  return covered;
}

}  // namespace impasto::engine::cpu
