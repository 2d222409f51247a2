#include "engine/executors/cpu/placement.h"

#include <algorithm>

#include "engine/executors/cpu/arena.h"
#include "engine/executors/cpu/maps.h"

namespace impasto::engine::cpu {

Placement PlaceBuffers(const Schedule& schedule) {
  const int values = static_cast<int>(schedule.values.size()),
            steps = static_cast<int>(schedule.steps.size());
  // Forward is steps 0, 1, ... of the time, Backward goes on from the last to the first.
  auto back = [steps](int step) { return 2 * steps - 1 - step; };
  auto bytes = [&](int v) { return BlockedFloats(schedule.values[v].shape) * sizeof(float); };
  auto last_reader = [&](int v) {
    const Value& value = schedule.values[v];
    return value.readers.empty() ? value.producer : value.readers.back();
  };
  std::vector<Tenant> tenants;
  auto add = [&tenants](size_t bytes, int first, int last) {
    tenants.push_back({.bytes = bytes, .first = first, .last = last});
    return tenants.size() - 1;
  };

  struct Indices {
    size_t map = 0, gradient = 0, positive = 0;
  };
  std::vector<Indices> of_value(values);
  for (int v = 1; v < values; ++v) {
    const Value& value = schedule.values[v];
    of_value[v].map = add(bytes(v), value.producer, value.kept() ? back(value.producer) : last_reader(v));
    if (value.relu) of_value[v].positive = add(bytes(v) / 32, value.producer, back(value.producer));
  }
  // Gradients, from the end, so that a shared one is there before who shares it.
  for (int v = values - 1; v >= 1; --v) {
    const Value& value = schedule.values[v];
    if (value.kept()) {
      of_value[v].gradient = of_value[v].map;
    } else if (schedule.SharesGradient(v)) {
      of_value[v].gradient = of_value[schedule.steps[last_reader(v)].out].gradient;
      tenants[of_value[v].gradient].last = back(value.producer);
    } else {
      of_value[v].gradient = add(bytes(v), back(last_reader(v)), back(value.producer));
    }
  }
  std::vector<size_t> of_choice(steps);
  for (int s = 0; s < steps; ++s) {
    const Step& step = schedule.steps[s];
    const size_t elements = BlockedFloats(schedule.values[step.out].shape);
    if (step.pool) of_choice[s] = add(elements / kBlock * 2 * sizeof(uint16_t), s, back(s));
    if (step.kind == StepKind::kMaxPool) of_choice[s] = add(elements, s, back(s));
  }
  const bool remakes = std::any_of(schedule.values.begin(), schedule.values.end(),
                                   [](const Value& value) { return value.remade; });
  const size_t picture = add(remakes ? schedule.values[0].shape.elements() * sizeof(float) : 0, 0, back(0));

  Placement placement{.arena = Buffer(PlaceTenants(&tenants) / sizeof(float)),
                      .places = std::vector<Places>(values),
                      .choices = std::vector<Choices>(steps)};
  if (placement.arena.data() == nullptr) return placement;
  char* const start = reinterpret_cast<char*>(placement.arena.data());
  auto at = [&](size_t tenant) { return start + tenants[tenant].offset; };
  for (int v = 1; v < values; ++v) {
    Places& places = placement.places[v];
    places.map = reinterpret_cast<float*>(at(of_value[v].map));
    places.gradient = reinterpret_cast<float*>(at(of_value[v].gradient));
    if (schedule.values[v].relu) places.positive = reinterpret_cast<uint16_t*>(at(of_value[v].positive));
  }
  for (int s = 0; s < steps; ++s) {
    const Step& step = schedule.steps[s];
    if (step.pool) placement.choices[s].bits = reinterpret_cast<uint16_t*>(at(of_choice[s]));
    if (step.kind == StepKind::kMaxPool)
      placement.choices[s].windows = reinterpret_cast<uint8_t*>(at(of_choice[s]));
  }
  if (remakes) placement.picture = reinterpret_cast<float*>(at(picture));
  return placement;
}

}  // namespace impasto::engine::cpu
