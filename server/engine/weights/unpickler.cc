#include "engine/weights/unpickler.h"

#include <cstring>
#include <optional>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "engine/weights/tensor_source.h"

namespace impasto::engine {
namespace {

using Kind = PickledValue::Kind;

// torchvision's largest state has 10,000 values. These limits hold a hostile pickle to some 100 MB and a
// second.
constexpr size_t kMaxValues = 500'000;
constexpr size_t kMaxStack = 100'000;
constexpr size_t kMaxWork = 5'000'000;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxKeyBytes = 128;

struct StorageClass {
  absl::string_view name;
  ElementType type;
};
constexpr StorageClass kStorageClasses[] = {
    {"torch.DoubleStorage", ElementType::kF64}, {"torch.FloatStorage", ElementType::kF32},
    {"torch.HalfStorage", ElementType::kF16},   {"torch.BFloat16Storage", ElementType::kBF16},
    {"torch.ByteStorage", ElementType::kU8},    {"torch.CharStorage", ElementType::kI8},
    {"torch.ShortStorage", ElementType::kI16},  {"torch.IntStorage", ElementType::kI32},
    {"torch.LongStorage", ElementType::kI64},   {"torch.BoolStorage", ElementType::kBool}};

constexpr absl::string_view kOrderedDict = "collections.OrderedDict";
constexpr absl::string_view kRebuildTensor = "torch._utils._rebuild_tensor";  // before PyTorch 0.4
constexpr absl::string_view kRebuildTensorV2 = "torch._utils._rebuild_tensor_v2";
constexpr absl::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

std::optional<ElementType> StorageType(absl::string_view callable) {
  for (const StorageClass& storage : kStorageClasses) {
    if (storage.name == callable) return storage.type;
  }
  return std::nullopt;
}

bool IsAllowed(absl::string_view callable) {
  return callable == kOrderedDict || callable == kRebuildTensor || callable == kRebuildTensorV2 ||
         callable == kRebuildParameter || StorageType(callable).has_value();
}

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the pickle is damaged: ", what));
}

}  // namespace

const PickledValue* PickledValue::Get(absl::string_view key) const {
  if (kind != Kind::kDict) return nullptr;
  for (size_t i = items.size(); i >= 2; i -= 2) {
    if (items[i - 2]->kind == Kind::kText && items[i - 2]->text == key) return items[i - 1];
  }
  return nullptr;
}

class Unpickler {
 public:
  explicit Unpickler(absl::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<Unpickled> Run(size_t* used) {
    while (!stopped_) {
      if (++work_ > kMaxWork)
        return absl::InvalidArgumentError("the pickle has too many steps to be a model's state");
      if (stack_.size() > kMaxStack)
        return absl::InvalidArgumentError("the pickle nests too deep to be a model's state");
      if (result_.arena_.size() > kMaxValues) {
        return absl::InvalidArgumentError("the pickle has too many values to be a model's state");
      }
      IMPASTO_ASSIGN_OR_RETURN(const uint8_t opcode, Number<uint8_t>());
      IMPASTO_RETURN_IF_ERROR(Execute(opcode));
    }
    *used = position_;
    return std::move(result_);
  }

 private:
  absl::StatusOr<absl::string_view> Bytes(uint64_t count) {
    if (count > bytes_.size() - position_) {
      return absl::InvalidArgumentError(
          absl::StrCat("the pickle is cut off after ", bytes_.size(), " bytes"));
    }
    const absl::string_view piece = bytes_.substr(position_, static_cast<size_t>(count));
    position_ += static_cast<size_t>(count);
    return piece;
  }

  template <typename T>
  absl::StatusOr<T> Number() {
    IMPASTO_ASSIGN_OR_RETURN(const absl::string_view piece, Bytes(sizeof(T)));
    T value;
    std::memcpy(&value, piece.data(), sizeof(T));
    return value;
  }

  absl::StatusOr<absl::string_view> Line() {
    const size_t end = bytes_.find('\n', position_);
    if (end == absl::string_view::npos) return Damaged("a name has no end");
    const absl::string_view line = bytes_.substr(position_, end - position_);
    position_ = end + 1;
    return line;
  }

  PickledValue* Push(Kind kind) {
    result_.arena_.push_back(std::make_unique<PickledValue>());
    PickledValue* value = result_.arena_.back().get();
    value->kind = kind;
    stack_.push_back(value);
    return value;
  }
  void PushInt(int64_t integer) { Push(Kind::kInt)->integer = integer; }

  // A length of type T, then as many bytes.
  template <typename T>
  absl::Status PushText(Kind kind) {
    IMPASTO_ASSIGN_OR_RETURN(const T length, Number<T>());
    IMPASTO_ASSIGN_OR_RETURN(const absl::string_view text, Bytes(length));
    Push(kind)->text = std::string(text);
    return absl::OkStatus();
  }

  absl::Status PushLong(uint64_t length) {
    IMPASTO_ASSIGN_OR_RETURN(const absl::string_view digits, Bytes(length));
    if (length > 8) {
      Push(Kind::kBigInt)->text = std::string(digits);
      return absl::OkStatus();
    }
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i) value |= uint64_t{static_cast<uint8_t>(digits[i])} << (8 * i);
    const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
    if (negative && length < 8) value |= ~uint64_t{0} << (8 * length);
    PushInt(static_cast<int64_t>(value));
    return absl::OkStatus();
  }

  absl::StatusOr<PickledValue*> Pop() {
    IMPASTO_ASSIGN_OR_RETURN(PickledValue * top, Top());
    stack_.pop_back();
    return top;
  }
  absl::StatusOr<PickledValue*> Top() {
    if (stack_.empty() || stack_.back()->kind == Kind::kMark) return Damaged("its stack runs empty");
    return stack_.back();
  }

  // What lies above the last mark; the mark goes too.
  absl::StatusOr<std::vector<const PickledValue*>> PopToMark() {
    size_t mark = stack_.size();
    while (mark > 0 && stack_[mark - 1]->kind != Kind::kMark) --mark;
    if (mark == 0) return Damaged("a mark is missing");
    std::vector<const PickledValue*> items(stack_.begin() + static_cast<ptrdiff_t>(mark), stack_.end());
    work_ += items.size();
    stack_.resize(mark - 1);
    return items;
  }

  absl::Status PushTuple(size_t count) {
    std::vector<const PickledValue*> items(count);
    for (size_t i = count; i-- > 0;) {
      IMPASTO_ASSIGN_OR_RETURN(items[i], Pop());
    }
    Push(Kind::kTuple)->items = std::move(items);
    return absl::OkStatus();
  }

  absl::Status Extend(Kind kind, std::vector<const PickledValue*> items) {
    IMPASTO_ASSIGN_OR_RETURN(PickledValue * container, Top());
    if (container->kind != kind) return Damaged("it adds items to what is no list or dict");
    if (kind == Kind::kDict && items.size() % 2 != 0) return Damaged("a dict's key has no value");
    container->items.insert(container->items.end(), items.begin(), items.end());
    return absl::OkStatus();
  }

  absl::Status PushCallable(absl::string_view module, absl::string_view name) {
    std::string callable = absl::StrCat(module, ".", name);
    if (!IsAllowed(callable)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the pickle calls ", Quoted(callable), ", which no model's state needs; nothing of it was run"));
    }
    Push(Kind::kCallable)->text = std::move(callable);
    return absl::OkStatus();
  }

  absl::Status Memoize(uint64_t index) {
    IMPASTO_ASSIGN_OR_RETURN(memo_[index], Top());
    return absl::OkStatus();
  }

  absl::Status PushMemo(uint64_t index) {
    const auto it = memo_.find(index);
    if (it == memo_.end()) return Damaged(absl::StrCat("it refers to value ", index, ", which there isn't"));
    stack_.push_back(it->second);
    return absl::OkStatus();
  }

  // ('storage', class, key, location, count) and, from old versions, a view: None or (key, offset, count).
  absl::Status PushStorage() {
    IMPASTO_ASSIGN_OR_RETURN(const PickledValue* id, Pop());
    const auto& items = id->items;
    if (id->kind != Kind::kTuple || items.size() < 5 || items[0]->kind != Kind::kText ||
        items[0]->text != "storage" || items[1]->kind != Kind::kCallable || items[2]->kind != Kind::kText ||
        items[4]->kind != Kind::kInt) {
      return Damaged("a reference to a storage has an unknown form");
    }
    const std::optional<ElementType> type = StorageType(items[1]->text);
    const int64_t count = items[4]->integer;
    // Every tensor copies its storage's key: a long one would cost memory many times.
    if (!type.has_value() || count < 0 || items[2]->text.size() > kMaxKeyBytes)
      return Damaged("a reference to a storage has an unknown form");
    PickledStorage storage{.key = items[2]->text, .type = *type, .count = count, .view_count = count};
    if (items.size() > 5 && items[5]->kind != Kind::kNone) {
      const auto& view = items[5]->items;
      if (items[5]->kind != Kind::kTuple || view.size() != 3 || view[1]->kind != Kind::kInt ||
          view[2]->kind != Kind::kInt) {
        return Damaged("a view of a storage has an unknown form");
      }
      storage.view_offset = view[1]->integer;
      storage.view_count = view[2]->integer;
      if (storage.view_offset < 0 || storage.view_count < 0 || storage.view_offset > count ||
          storage.view_count > count - storage.view_offset) {
        return Damaged("a view lies outside of its storage");
      }
    }
    Push(Kind::kStorage)->storage = std::make_unique<PickledStorage>(std::move(storage));
    return absl::OkStatus();
  }

  absl::Status ReadIntegers(const PickledValue& tuple, std::vector<int64_t>* to) {
    if (tuple.kind != Kind::kTuple || tuple.items.size() > kMaxRank)
      return Damaged("a tensor's shape is no short tuple");
    for (const PickledValue* item : tuple.items) {
      if (item->kind != Kind::kInt || item->integer < 0)
        return Damaged("a tensor's shape or strides are no natural numbers");
      to->push_back(item->integer);
    }
    return absl::OkStatus();
  }

  // _rebuild_tensor(storage, offset, shape, strides) and _rebuild_tensor_v2, which has three arguments more:
  // none matters here.
  absl::Status PushTensor(const std::vector<const PickledValue*>& arguments) {
    if (arguments.size() < 4 || arguments[0]->kind != Kind::kStorage || arguments[1]->kind != Kind::kInt ||
        arguments[1]->integer < 0) {
      return Damaged("a tensor is built from unknown arguments");
    }
    auto tensor = std::make_unique<PickledTensor>();
    tensor->storage = *arguments[0]->storage;
    tensor->offset = arguments[1]->integer;
    IMPASTO_RETURN_IF_ERROR(ReadIntegers(*arguments[2], &tensor->shape));
    IMPASTO_RETURN_IF_ERROR(ReadIntegers(*arguments[3], &tensor->strides));
    if (tensor->shape.size() != tensor->strides.size())
      return Damaged("a tensor's strides don't go with its shape");
    Push(Kind::kTensor)->tensor = std::move(tensor);
    return absl::OkStatus();
  }

  // OrderedDict(), or OrderedDict([(key, value), ...]) as Python 2 wrote it.
  absl::Status PushOrderedDict(const std::vector<const PickledValue*>& arguments) {
    PickledValue* dict = Push(Kind::kDict);
    if (arguments.empty()) return absl::OkStatus();
    if (arguments.size() != 1 || arguments[0]->kind != Kind::kList)
      return Damaged("an OrderedDict is built from unknown arguments");
    work_ += arguments[0]->items.size();
    for (const PickledValue* pair : arguments[0]->items) {
      const bool is_pair =
          (pair->kind == Kind::kTuple || pair->kind == Kind::kList) && pair->items.size() == 2;
      if (!is_pair) return Damaged("an OrderedDict is built from what are no pairs");
      dict->items.insert(dict->items.end(), pair->items.begin(), pair->items.end());
    }
    return absl::OkStatus();
  }

  absl::Status Reduce() {
    IMPASTO_ASSIGN_OR_RETURN(const PickledValue* arguments, Pop());
    IMPASTO_ASSIGN_OR_RETURN(const PickledValue* callable, Pop());
    if (callable->kind != Kind::kCallable || arguments->kind != Kind::kTuple)
      return Damaged("it calls what is no function");
    if (callable->text == kOrderedDict) return PushOrderedDict(arguments->items);
    if (callable->text == kRebuildTensor || callable->text == kRebuildTensorV2)
      return PushTensor(arguments->items);
    if (callable->text ==
        kRebuildParameter) {  // _rebuild_parameter(tensor, requires_grad, hooks): the tensor it is
      if (arguments->items.empty() || arguments->items[0]->kind != Kind::kTensor) {
        return Damaged("a parameter is built from what is no tensor");
      }
      Push(Kind::kTensor)->tensor = std::make_unique<PickledTensor>(*arguments->items[0]->tensor);
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("the pickle calls ", Quoted(callable->text), ", which is no function here"));
  }

  // A state dict carries its format's versions (_metadata) as attributes: they are let go. Nothing else has
  // attributes here.
  absl::Status Build() {
    IMPASTO_ASSIGN_OR_RETURN(const PickledValue* state, Pop());
    IMPASTO_ASSIGN_OR_RETURN(const PickledValue* object, Top());
    if (object->kind != Kind::kDict || state->kind != Kind::kDict) {
      return absl::InvalidArgumentError("the pickle sets the state of an object that is no OrderedDict");
    }
    return absl::OkStatus();
  }

  absl::Status Execute(uint8_t opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
      {
        IMPASTO_ASSIGN_OR_RETURN(const uint8_t protocol, Number<uint8_t>());
        if (protocol > 5)
          return absl::InvalidArgumentError(
              absl::StrCat("the pickle's protocol ", protocol, " is not known"));
        return absl::OkStatus();
      }
      case 0x95:  // FRAME: a hint for streaming
        return Number<uint64_t>().status();
      case '.': {  // STOP
        IMPASTO_ASSIGN_OR_RETURN(result_.root_, Pop());
        stopped_ = true;
        return absl::OkStatus();
      }
      case '(':
        Push(Kind::kMark);
        return absl::OkStatus();
      case '0':
        return Pop().status();
      case '1':
        return PopToMark().status();
      case '2': {
        IMPASTO_ASSIGN_OR_RETURN(PickledValue * top, Top());
        stack_.push_back(top);
        return absl::OkStatus();
      }
      case 'N':
        Push(Kind::kNone);
        return absl::OkStatus();
      case 0x88:
      case 0x89:
        Push(Kind::kBool)->integer = opcode == 0x88 ? 1 : 0;
        return absl::OkStatus();
      case 'J': {
        IMPASTO_ASSIGN_OR_RETURN(const int32_t value, Number<int32_t>());
        PushInt(value);
        return absl::OkStatus();
      }
      case 'K': {
        IMPASTO_ASSIGN_OR_RETURN(const uint8_t value, Number<uint8_t>());
        PushInt(value);
        return absl::OkStatus();
      }
      case 'M': {
        IMPASTO_ASSIGN_OR_RETURN(const uint16_t value, Number<uint16_t>());
        PushInt(value);
        return absl::OkStatus();
      }
      case 0x8a: {  // LONG1
        IMPASTO_ASSIGN_OR_RETURN(const uint8_t length, Number<uint8_t>());
        return PushLong(length);
      }
      case 'G':  // BINFLOAT: no number of a state's frame is one that matters
        Push(Kind::kFloat);
        return Bytes(8).status();
      case 'X':
        return PushText<uint32_t>(Kind::kText);
      case 0x8c:
        return PushText<uint8_t>(Kind::kText);
      case 0x8d:
        return PushText<uint64_t>(Kind::kText);
      case 'T':  // BINSTRING, SHORT_BINSTRING: Python 2's text
        return PushText<uint32_t>(Kind::kText);
      case 'U':
        return PushText<uint8_t>(Kind::kText);
      case 'B':
        return PushText<uint32_t>(Kind::kBytes);
      case 'C':
        return PushText<uint8_t>(Kind::kBytes);
      case ')':
        Push(Kind::kTuple);
        return absl::OkStatus();
      case 0x85:
      case 0x86:
      case 0x87:
        return PushTuple(opcode - 0x84u);
      case 't': {
        IMPASTO_ASSIGN_OR_RETURN(auto items, PopToMark());
        Push(Kind::kTuple)->items = std::move(items);
        return absl::OkStatus();
      }
      case ']':
        Push(Kind::kList);
        return absl::OkStatus();
      case 'a': {
        IMPASTO_ASSIGN_OR_RETURN(const PickledValue* item, Pop());
        return Extend(Kind::kList, {item});
      }
      case 'e': {
        IMPASTO_ASSIGN_OR_RETURN(auto items, PopToMark());
        return Extend(Kind::kList, std::move(items));
      }
      case '}':
        Push(Kind::kDict);
        return absl::OkStatus();
      case 's': {
        IMPASTO_ASSIGN_OR_RETURN(const PickledValue* value, Pop());
        IMPASTO_ASSIGN_OR_RETURN(const PickledValue* key, Pop());
        return Extend(Kind::kDict, {key, value});
      }
      case 'u': {
        IMPASTO_ASSIGN_OR_RETURN(auto items, PopToMark());
        return Extend(Kind::kDict, std::move(items));
      }
      case 'c': {  // GLOBAL
        IMPASTO_ASSIGN_OR_RETURN(const absl::string_view module, Line());
        IMPASTO_ASSIGN_OR_RETURN(const absl::string_view name, Line());
        return PushCallable(module, name);
      }
      case 0x93: {  // STACK_GLOBAL
        IMPASTO_ASSIGN_OR_RETURN(const PickledValue* name, Pop());
        IMPASTO_ASSIGN_OR_RETURN(const PickledValue* module, Pop());
        if (name->kind != Kind::kText || module->kind != Kind::kText)
          return Damaged("a function's name is no text");
        return PushCallable(module->text, name->text);
      }
      case 'Q':
        return PushStorage();
      case 'R':
        return Reduce();
      case 'b':
        return Build();
      case 'h': {
        IMPASTO_ASSIGN_OR_RETURN(const uint8_t index, Number<uint8_t>());
        return PushMemo(index);
      }
      case 'j': {
        IMPASTO_ASSIGN_OR_RETURN(const uint32_t index, Number<uint32_t>());
        return PushMemo(index);
      }
      case 'q': {
        IMPASTO_ASSIGN_OR_RETURN(const uint8_t index, Number<uint8_t>());
        return Memoize(index);
      }
      case 'r': {
        IMPASTO_ASSIGN_OR_RETURN(const uint32_t index, Number<uint32_t>());
        return Memoize(index);
      }
      case 0x94:
        return Memoize(memo_.size());
      default:
        return absl::InvalidArgumentError(absl::StrCat("the pickle has the operation 0x",
                                                       absl::Hex(opcode, absl::kZeroPad2), " at byte ",
                                                       position_ - 1, ", which no model's state needs"));
    }
  }

  absl::string_view bytes_;
  size_t position_ = 0;
  size_t work_ = 0;
  bool stopped_ = false;
  std::vector<PickledValue*> stack_;
  std::unordered_map<uint64_t, PickledValue*> memo_;
  Unpickled result_;
};

absl::StatusOr<Unpickled> Unpickle(absl::string_view bytes, size_t* used) {
  return Unpickler(bytes).Run(used);
}

}  // namespace impasto::engine
