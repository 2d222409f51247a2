#include "engine/executors/cpu/placement.h"

#include <algorithm>
#include <utility>

#include "engine/executors/cpu/maps.h"

namespace impasto::engine::cpu {

Layout LayOut(const Schedule& schedule) {
  const int values = static_cast<int>(schedule.values.size()),
            steps = static_cast<int>(schedule.steps.size());
  // Forward is steps 0, 1, ... of the time, Backward goes on from the last to the first.
  auto back = [steps](int step) { return 2 * steps - 1 - step; };
  auto bytes = [&](int v) { return BlockedFloats(schedule.values[v].shape) * sizeof(float); };
  auto last_reader = [&](int v) {
    const Value& value = schedule.values[v];
    return value.readers.empty() ? value.producer : value.readers.back();
  };
  Layout layout{.tenants = std::vector<Tenant>(1),
                .values = std::vector<Layout::OfValue>(values),
                .choices = std::vector<size_t>(steps)};
  std::vector<Tenant>& tenants = layout.tenants;
  auto add = [&tenants](size_t bytes, int first, int last) {
    tenants.push_back({.bytes = bytes, .first = first, .last = last});
    return tenants.size() - 1;
  };

  std::vector<size_t> in_forward;
  for (int v = 1; v < values; ++v) {
    const Value& value = schedule.values[v];
    Layout::OfValue& of = layout.values[v];
    of.map = add(bytes(v), value.producer, value.kept() ? back(value.producer) : last_reader(v));
    in_forward.push_back(of.map);
    if (value.relu) of.positive = add(bytes(v) / 32, value.producer, back(value.producer));
  }
  // Gradients, from the end, so that a shared one is there before who shares it.
  for (int v = values - 1; v >= 1; --v) {
    const Value& value = schedule.values[v];
    if (value.kept()) {
      layout.values[v].gradient = layout.values[v].map;
    } else if (schedule.SharesGradient(v)) {
      layout.values[v].gradient = layout.values[schedule.steps[last_reader(v)].out].gradient;
      tenants[layout.values[v].gradient].last = back(value.producer);
    } else {
      layout.values[v].gradient = add(bytes(v), back(last_reader(v)), back(value.producer));
    }
  }
  for (int s = 0; s < steps; ++s) {
    const Step& step = schedule.steps[s];
    const size_t elements = BlockedFloats(schedule.values[step.out].shape);
    if (step.pool) layout.choices[s] = add(elements / kBlock * 2 * sizeof(uint16_t), s, back(s));
    if (step.kind == StepKind::kMaxPool) layout.choices[s] = add(elements, s, back(s));
  }
  if (std::any_of(schedule.values.begin(), schedule.values.end(),
                  [](const Value& value) { return value.remade; })) {
    layout.picture = add(schedule.values[0].shape.elements() * sizeof(float), 0, back(0));
    in_forward.push_back(layout.picture);
  }
  layout.bytes = PlaceTenants(&tenants);
  std::vector<Tenant> written;
  for (const size_t tenant : in_forward) written.push_back(tenants[tenant]);
  layout.forward_bytes = CoveredBytes(std::move(written));
  return layout;
}

Placement PlaceBuffers(const Schedule& schedule) {
  const Layout layout = LayOut(schedule);
  const size_t values = schedule.values.size(), steps = schedule.steps.size();
  Placement placement{.arena = Buffer(layout.bytes / sizeof(float)),
                      .places = std::vector<Places>(values),
                      .choices = std::vector<Choices>(steps)};
  if (placement.arena.data() == nullptr) return placement;
  char* const start = reinterpret_cast<char*>(placement.arena.data());
  auto at = [&](size_t tenant) { return start + layout.tenants[tenant].offset; };
  for (size_t v = 1; v < values; ++v) {
    Places& places = placement.places[v];
    const Layout::OfValue& of = layout.values[v];
    places.map = reinterpret_cast<float*>(at(of.map));
    places.gradient = reinterpret_cast<float*>(at(of.gradient));
    if (of.positive != 0) places.positive = reinterpret_cast<uint16_t*>(at(of.positive));
  }
  for (size_t s = 0; s < steps; ++s) {
    const Step& step = schedule.steps[s];
    if (step.pool) placement.choices[s].bits = reinterpret_cast<uint16_t*>(at(layout.choices[s]));
    if (step.kind == StepKind::kMaxPool)
      placement.choices[s].windows = reinterpret_cast<uint8_t*>(at(layout.choices[s]));
  }
  if (layout.picture != 0) placement.picture = reinterpret_cast<float*>(at(layout.picture));
  return placement;
}

}  // namespace impasto::engine::cpu
