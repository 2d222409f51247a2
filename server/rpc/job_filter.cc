#include "rpc/job_filter.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "rpc/job_fields.h"

namespace impasto::rpc {
namespace {

constexpr size_t kMaxLength = 1000;
constexpr int kMaxDepth = 20;

enum class Operator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kHas };
// Longer ones before those that they begin with.
constexpr std::pair<absl::string_view, Operator> kOperators[] = {
    {"<=", Operator::kLessOrEqual}, {">=", Operator::kGreaterOrEqual}, {"!=", Operator::kNotEqual},
    {"<", Operator::kLess},         {">", Operator::kGreater},         {"=", Operator::kEqual},
    {":", Operator::kHas}};
constexpr absl::string_view kOperatorNames = "=, !=, <, <=, >, >= or :";

struct Value {
  std::string text;
  bool quoted = false;
  size_t position = 0;
};

bool IsWordCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.'; }

bool IsOrdered(Operator op) {
  return op != Operator::kEqual && op != Operator::kNotEqual && op != Operator::kHas;
}

bool Compare(int64_t value, Operator op, int64_t limit) {
  switch (op) {
    case Operator::kEqual:
    case Operator::kHas:
      return value == limit;
    case Operator::kNotEqual:
      return value != limit;
    case Operator::kLess:
      return value < limit;
    case Operator::kLessOrEqual:
      return value <= limit;
    case Operator::kGreater:
      return value > limit;
    case Operator::kGreaterOrEqual:
      return value >= limit;
  }
  return false;
}

// "*" at an end of the pattern stands for any text.
JobPredicate MatchText(const JobField& field, Operator op, const std::string& pattern) {
  if (op == Operator::kHas) {
    return [&field, pattern = absl::AsciiStrToLower(pattern)](const v1::Job& job) {
      return absl::StrContains(absl::AsciiStrToLower(std::get<std::string>(field.value(job))), pattern);
    };
  }
  absl::string_view middle = pattern;
  const bool any_start = absl::ConsumePrefix(&middle, "*");
  const bool any_end = absl::ConsumeSuffix(&middle, "*");
  const bool wanted = op == Operator::kEqual;
  return [&field, wanted, any_start, any_end, middle = std::string(middle)](const v1::Job& job) {
    const std::string text = std::get<std::string>(field.value(job));
    bool matches = text == middle;
    if (any_start && any_end) {
      matches = absl::StrContains(text, middle);
    } else if (any_start) {
      matches = absl::EndsWith(text, middle);
    } else if (any_end) {
      matches = absl::StartsWith(text, middle);
    }
    return matches == wanted;
  };
}

// FIELD:*
JobPredicate IsThere(const JobField& field) {
  switch (field.kind) {
    case JobField::Kind::kText:
      return [&field](const v1::Job& job) { return !std::get<std::string>(field.value(job)).empty(); };
    case JobField::Kind::kTime:
      return [&field](const v1::Job& job) { return std::get<int64_t>(field.value(job)) != kNoTime; };
    default:
      return [](const v1::Job&) { return true; };
  }
}

// Reads a filter from its start to its end.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<JobPredicate> Parse() {
    SkipSpace();
    if (AtEnd()) return [](const v1::Job&) { return true; };
    IMPASTO_ASSIGN_OR_RETURN(JobPredicate predicate, Expression());
    if (!AtEnd()) return Expected("AND, OR or the end", position_);
    return predicate;
  }

 private:
  // Each begins at a character that isn't a space, and leaves off at one.

  // FACTOR {AND FACTOR}
  absl::StatusOr<JobPredicate> Expression() {
    std::vector<JobPredicate> factors;
    do {
      IMPASTO_ASSIGN_OR_RETURN(JobPredicate factor, Factor());
      factors.push_back(std::move(factor));
    } while (TakeWord("AND"));
    if (factors.size() == 1) return factors.front();
    return [factors = std::move(factors)](const v1::Job& job) {
      return std::all_of(factors.begin(), factors.end(), [&](const JobPredicate& p) { return p(job); });
    };
  }

  // TERM {OR TERM}
  absl::StatusOr<JobPredicate> Factor() {
    std::vector<JobPredicate> terms;
    do {
      IMPASTO_ASSIGN_OR_RETURN(JobPredicate term, Term());
      terms.push_back(std::move(term));
    } while (TakeWord("OR"));
    if (terms.size() == 1) return terms.front();
    return [terms = std::move(terms)](const v1::Job& job) {
      return std::any_of(terms.begin(), terms.end(), [&](const JobPredicate& p) { return p(job); });
    };
  }

  // [NOT | -] COMPARISON, or an expression in parentheses
  absl::StatusOr<JobPredicate> Term() {
    const bool negated = TakeWord("NOT") || Take("-");
    absl::StatusOr<JobPredicate> simple = Take("(") ? Parenthesised() : Comparison();
    if (!simple.ok() || !negated) return simple;
    return [simple = *std::move(simple)](const v1::Job& job) { return !simple(job); };
  }

  absl::StatusOr<JobPredicate> Parenthesised() {
    if (++depth_ > kMaxDepth) {
      return Error(absl::StrCat("parentheses are nested more than ", kMaxDepth, " deep"), position_);
    }
    IMPASTO_ASSIGN_OR_RETURN(JobPredicate inner, Expression());
    if (!Take(")")) return Expected("AND, OR or )", position_);
    --depth_;
    return inner;
  }

  absl::StatusOr<JobPredicate> Comparison() {
    const size_t start = position_;
    const absl::string_view path = Word();
    if (path.empty()) return Expected("a field, NOT or (", start);
    const JobField* field = FindJobField(path);
    if (field == nullptr) {
      return Error(absl::StrCat("\"", path, "\" is no field; these are: ", JobFieldNames()), start);
    }
    position_ += path.size();
    SkipSpace();
    const size_t operator_start = position_;
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators),
                                  [&](const auto& candidate) { return Take(candidate.first); });
    if (op == std::end(kOperators)) return Expected(kOperatorNames, operator_start);
    const bool has_order = field->kind == JobField::Kind::kInteger || field->kind == JobField::Kind::kTime;
    if (IsOrdered(op->second) && !has_order) {
      return Error(absl::StrCat(path, " has no order: =, != or : was expected"), operator_start);
    }
    IMPASTO_ASSIGN_OR_RETURN(Value value, TakeValue());
    if (op->second == Operator::kHas && value.text == "*" && !value.quoted) return IsThere(*field);
    return Compile(*field, op->second, value);
  }

  absl::StatusOr<JobPredicate> Compile(const JobField& field, Operator op, const Value& value) {
    int64_t limit = 0;
    switch (field.kind) {
      case JobField::Kind::kText:
        return MatchText(field, op, value.text);
      case JobField::Kind::kInteger:
        if (!absl::SimpleAtoi(value.text, &limit)) return Expected("a whole number", value.position);
        break;
      case JobField::Kind::kBool:
        if (value.text != "true" && value.text != "false") return Expected("true or false", value.position);
        limit = value.text == "true";
        break;
      case JobField::Kind::kEnum: {
        IMPASTO_ASSIGN_OR_RETURN(limit, EnumNumber(field, value));
        break;
      }
      case JobField::Kind::kTime: {
        absl::Time time;
        if (!absl::ParseTime(absl::RFC3339_full, value.text, &time, nullptr)) {
          return Expected("a time such as \"2026-01-31T00:00:00Z\"", value.position);
        }
        limit = absl::ToUnixNanos(time);
        return [&field, op, limit](const v1::Job& job) {
          const int64_t number = std::get<int64_t>(field.value(job));
          return number == kNoTime ? op == Operator::kNotEqual : Compare(number, op, limit);
        };
      }
    }
    return [&field, op, limit](const v1::Job& job) {
      return Compare(std::get<int64_t>(field.value(job)), op, limit);
    };
  }

  absl::StatusOr<int64_t> EnumNumber(const JobField& field, const Value& value) const {
    const auto* type = field.enum_type();
    const std::string name =
        absl::StrCat(field.enum_prefix, absl::StripPrefix(absl::string_view(value.text), field.enum_prefix));
    const auto* found = type->FindValueByName(name);
    if (found != nullptr && found->number() != 0) return found->number();
    std::string names;
    for (int i = 1; i < type->value_count(); ++i) {
      absl::StrAppend(&names, i > 1 ? ", " : "",
                      absl::StripPrefix(type->value(i)->name(), field.enum_prefix));
    }
    return Expected(absl::StrCat("one of ", names), value.position);
  }

  absl::StatusOr<Value> TakeValue() {
    Value value{.position = position_};
    const char quote = AtEnd() ? 0 : text_[position_];
    if (quote != '"' && quote != '\'') {
      while (!AtEnd() && !absl::ascii_isspace(text_[position_]) &&
             !absl::StrContains("()", text_[position_])) {
        value.text += text_[position_++];
      }
      if (value.text.empty()) return Expected("a value", value.position);
      SkipSpace();
      return value;
    }
    value.quoted = true;
    for (++position_; !AtEnd(); ++position_) {
      char c = text_[position_];
      if (c == quote) {
        ++position_;
        SkipSpace();
        return value;
      }
      if (c == '\\') {
        if (++position_ == text_.size()) break;
        c = text_[position_];
        if (c != '\\' && c != '"' && c != '\'') return Expected("a quote or \\ after \\", position_);
      }
      value.text += c;
    }
    return Error("the quote isn't closed", value.position);
  }

  bool AtEnd() const { return position_ == text_.size(); }
  void SkipSpace() {
    while (!AtEnd() && absl::ascii_isspace(text_[position_])) ++position_;
  }
  // The letters, digits, dots and _ that are next.
  absl::string_view Word() const {
    size_t end = position_;
    while (end < text_.size() && IsWordCharacter(text_[end])) ++end;
    return text_.substr(position_, end - position_);
  }
  // Where it is next: takes it, and the spaces after it.
  bool Take(absl::string_view token) {
    if (!absl::StartsWith(text_.substr(position_), token)) return false;
    position_ += token.size();
    SkipSpace();
    return true;
  }
  bool TakeWord(absl::string_view word) { return Word() == word && Take(word); }

  static absl::Status Error(absl::string_view what, size_t position) {
    return FieldError("filter", absl::StrCat("at position ", position + 1, ": ", what));
  }
  static absl::Status Expected(absl::string_view what, size_t position) {
    return Error(absl::StrCat(what, " was expected"), position);
  }

  const absl::string_view text_;
  size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<JobPredicate> ParseJobFilter(absl::string_view filter) {
  const auto length = CountUtf8(filter);
  if (!length) return FieldError("filter", "is not UTF-8");
  if (*length > kMaxLength) {
    return FieldError("filter", absl::StrCat(*length, " characters are more than ", kMaxLength));
  }
  return Parser(filter).Parse();
}

}  // namespace impasto::rpc
