// Where each map, gradient and mask of a schedule lies: one buffer, planned once.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/executors/cpu/arena.h"
#include "engine/executors/cpu/buffer.h"
#include "engine/executors/cpu/schedule.h"

namespace impasto::engine::cpu {

// Of a value. A kept map becomes its own gradient in Backward, and a summand may begin in its sum's gradient.
struct Places {
  float* map = nullptr;
  float* gradient = nullptr;
  uint16_t* positive = nullptr;  // relu: [block][position]
};

// What a max pool remembers.
struct Choices {
  uint16_t* bits = nullptr;    // fused: [block][right, lower][position]
  uint8_t* windows = nullptr;  // alone: a byte an element
};

// The same before there is a buffer: every map, gradient and mask as a tenant that has its place.
struct Layout {
  struct OfValue {
    size_t map = 0, gradient = 0, positive = 0;  // tenants; 0 is nobody's
  };
  std::vector<Tenant> tenants;
  std::vector<OfValue> values;
  std::vector<size_t> choices;  // by step: its tenant
  size_t picture = 0;           // tenant; 0: there is none
  size_t bytes = 0;             // of the whole
  size_t forward_bytes = 0;     // of that, what a Forward writes to that keeps nothing for Backward
};

Layout LayOut(const Schedule& schedule);

struct Placement {
  Buffer arena;                  // null: there is no memory for it
  std::vector<Places> places;    // by value; the picture's is empty
  std::vector<Choices> choices;  // by step
  float* picture = nullptr;      // room for a copy of it, where a map is remade from it
};

Placement PlaceBuffers(const Schedule& schedule);

}  // namespace impasto::engine::cpu
