#include "networks/weights/pickle.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

using Kind = PickleItem::Kind;

const std::map<std::string, at::ScalarType>& storage_types() {
  static const std::map<std::string, at::ScalarType> types{
      {"torch.FloatStorage", at::kFloat}, {"torch.DoubleStorage", at::kDouble},     {"torch.HalfStorage", at::kHalf},
      {"torch.LongStorage", at::kLong},   {"torch.BFloat16Storage", at::kBFloat16}, {"torch.IntStorage", at::kInt},
      {"torch.ShortStorage", at::kShort}, {"torch.CharStorage", at::kChar},         {"torch.ByteStorage", at::kByte},
      {"torch.BoolStorage", at::kBool}};
  return types;
}

/// Names whose calls have a meaning here, and names that are let pass as what they are: no weights.
bool is_allowed(const std::string& name) {
  static const std::set<std::string> names{"collections.OrderedDict",
                                           "torch._utils._rebuild_tensor_v2",
                                           "torch._utils._rebuild_parameter",
                                           "torch.Size",
                                           "torch.device",
                                           "numpy.core.multiarray.scalar",
                                           "numpy._core.multiarray.scalar",
                                           "numpy.dtype",
                                           "_codecs.encode",
                                           "torch.float16",
                                           "torch.bfloat16",
                                           "torch.float32",
                                           "torch.float64",
                                           "torch.int64",
                                           "torch.int32",
                                           "torch.uint8"};
  return names.count(name) || storage_types().count(name);
}

}  // namespace

/// The stack machine of pickle protocols 2 to 5 (PEP 307, 3154, 574; the format is documented in Python's pickletools),
/// without the instructions that build objects of any class.
class Pickle::Reader {
 public:
  Reader(Pickle& owner, std::string_view bytes, const ReadStorage& read_storage, const std::string& where)
      : owner_(owner), bytes_(bytes), read_storage_(read_storage), where_(where) {}

  const PickleItem* run() {
    while (true) {
      const auto code = static_cast<unsigned char>(take(1)[0]);
      if (code == '.') return pop();
      if (!constant(code) && !collect(code) && !remember(code) && !build(code))
        refuse(fmt::format("holds the pickle instruction 0x{:02x}, which no weights need", code));
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw core::UserError(what, where_, "in Python, save the weights alone: torch.save(model.state_dict(), file)");
  }

  std::string_view take(size_t count) {
    if (count > bytes_.size() - at_) refuse("is damaged: its pickle is cut off");
    const std::string_view result = bytes_.substr(at_, count);
    at_ += count;
    return result;
  }
  template <class Number>
  Number number() {
    Number result;
    std::memcpy(&result, take(sizeof(Number)).data(), sizeof(Number));
    return result;
  }
  std::string line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) refuse("is damaged: its pickle is cut off");
    const std::string result(take(end - at_));
    take(1);
    return result;
  }

  PickleItem* make(Kind kind) {
    owner_.items_.emplace_back().kind = kind;
    return &owner_.items_.back();
  }
  void push(PickleItem* item) { stack_.push_back(item); }
  void push_integer(int64_t value, Kind kind = Kind::integer) {
    PickleItem* item = make(kind);
    item->integer = value;
    push(item);
  }
  void push_text(std::string_view text) {
    PickleItem* item = make(Kind::text);
    item->text = text;
    push(item);
  }
  PickleItem* top() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back()))
      refuse("is damaged: its pickle takes from nothing");
    return stack_.back();
  }
  PickleItem* pop() {
    PickleItem* item = top();
    stack_.pop_back();
    return item;
  }
  std::vector<const PickleItem*> pop_to_mark() {
    if (marks_.empty()) refuse("is damaged: its pickle closes what was never opened");
    std::vector<const PickleItem*> result(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return result;
  }

  /// Little-endian two's complement of at most 8 bytes; longer ones are no sizes of ours.
  void push_long(size_t length) {
    const std::string_view digits = take(length);
    if (length > 8) return push(make(Kind::opaque));
    int64_t value = 0;
    for (size_t i = 0; i < length; ++i)
      value |= static_cast<int64_t>(static_cast<uint64_t>(static_cast<unsigned char>(digits[i])) << (8 * i));
    if (length > 0 && length < 8 && (digits[length - 1] & 0x80)) value -= static_cast<int64_t>(1) << (8 * length);
    push_integer(value);
  }

  bool constant(unsigned char code) {
    switch (code) {
      case 'N':
        return push(make(Kind::none)), true;
      case 0x88:
        return push_integer(1, Kind::boolean), true;
      case 0x89:
        return push_integer(0, Kind::boolean), true;
      case 'J':
        return push_integer(number<int32_t>()), true;
      case 'K':
        return push_integer(number<uint8_t>()), true;
      case 'M':
        return push_integer(number<uint16_t>()), true;
      case 0x8a:
        return push_long(number<uint8_t>()), true;
      case 'G':
        return take(8), push(make(Kind::real)), true;
      case 'X':
        return push_text(take(number<uint32_t>())), true;
      case 0x8c:
        return push_text(take(number<uint8_t>())), true;
      case 'U':
      case 'C':
        return take(number<uint8_t>()), push(make(Kind::opaque)), true;  // bytes are no weights
      case 'T':
      case 'B':
        return take(number<uint32_t>()), push(make(Kind::opaque)), true;
      case 0x80:
        return take(1), true;  // protocol
      case 0x95:
        return take(8), true;  // frame
      default:
        return false;
    }
  }

  void push_sequence(std::vector<const PickleItem*> items) {
    PickleItem* item = make(Kind::sequence);
    item->items = std::move(items);
    push(item);
  }
  void push_tuple(size_t count) {
    std::vector<const PickleItem*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push_sequence(std::move(items));
  }
  void append(const std::vector<const PickleItem*>& items) {
    PickleItem* list = top();
    if (list->kind != Kind::sequence) refuse("is damaged: its pickle appends to no list");
    list->items.insert(list->items.end(), items.begin(), items.end());
  }
  void set_items(const std::vector<const PickleItem*>& items) {
    PickleItem* dictionary = top();
    if (items.size() % 2) refuse("is damaged: its pickle has a key without a value");
    if (dictionary->kind == Kind::opaque) return;
    if (dictionary->kind != Kind::dictionary) refuse("is damaged: its pickle sets items of no dictionary");
    for (size_t i = 0; i < items.size(); i += 2) dictionary->entries.emplace_back(items[i], items[i + 1]);
  }

  bool collect(unsigned char code) {
    switch (code) {
      case '(':
        return marks_.push_back(stack_.size()), true;
      case ')':
      case ']':
      case 0x8f:
        return push_sequence({}), true;
      case '}':
        return push(make(Kind::dictionary)), true;
      case 't':
      case 'l':
        return push_sequence(pop_to_mark()), true;
      case 0x85:
        return push_tuple(1), true;
      case 0x86:
        return push_tuple(2), true;
      case 0x87:
        return push_tuple(3), true;
      case 'a': {
        const PickleItem* item = pop();
        return append({item}), true;
      }
      case 'e':
      case 0x90:
        return append(pop_to_mark()), true;
      case 's': {
        const PickleItem* value = pop();
        const PickleItem* key = pop();
        return set_items({key, value}), true;
      }
      case 'u':
        return set_items(pop_to_mark()), true;
      case '0':
        return pop(), true;
      default:
        return false;
    }
  }

  void push_memo(uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) refuse("is damaged: its pickle recalls what it never kept");
    push(found->second);
  }

  bool remember(unsigned char code) {
    switch (code) {
      case 'q':
        return memo_[number<uint8_t>()] = top(), true;
      case 'r':
        return memo_[number<uint32_t>()] = top(), true;
      case 0x94:
        return memo_.emplace(static_cast<uint32_t>(memo_.size()), top()), true;
      case 'h':
        return push_memo(number<uint8_t>()), true;
      case 'j':
        return push_memo(number<uint32_t>()), true;
      default:
        return false;
    }
  }

  void push_name(const std::string& module, const std::string& name) {
    PickleItem* item = make(Kind::name);
    item->text = module + "." + name;
    if (!is_allowed(item->text))
      refuse(fmt::format("would execute code in Python: it calls {}, and weights need no such thing", item->text));
    push(item);
  }

  bool build(unsigned char code) {
    switch (code) {
      case 'c': {
        const std::string module = line();
        return push_name(module, line()), true;
      }
      case 0x93: {
        const std::string name = pop()->text;
        return push_name(pop()->text, name), true;
      }
      case 'Q':
        return push(storage(*pop())), true;
      case 'R': {
        const PickleItem* arguments = pop();
        return push(call(*pop(), *arguments)), true;
      }
      case 'b':
        return pop(), true;  // an attribute, such as a state dict's _metadata
      default:
        return false;
    }
  }

  /// ("storage", torch.FloatStorage, key, "cpu", number of elements)
  PickleItem* storage(const PickleItem& id) {
    const bool complete = id.kind == Kind::sequence && id.items.size() >= 5 && id.items[0]->text == "storage" &&
                          storage_types().count(id.items[1]->text) && id.items[2]->kind == Kind::text &&
                          id.items[4]->kind == Kind::integer && id.items[4]->integer >= 0;
    if (!complete) refuse("names a storage of an unknown kind");
    PickleItem* item = make(Kind::storage);
    item->type = storage_types().at(id.items[1]->text);
    item->text = id.items[2]->text;
    item->integer = id.items[4]->integer;
    return item;
  }

  PickleItem* call(const PickleItem& function, const PickleItem& arguments) {
    if (function.kind != Kind::name || arguments.kind != Kind::sequence) refuse("is damaged: its pickle calls no name");
    if (function.text == "torch._utils._rebuild_tensor_v2") return tensor(arguments.items);
    if (function.text == "torch._utils._rebuild_parameter") {
      if (arguments.items.empty() || arguments.items[0]->kind != Kind::tensor)
        refuse("holds a parameter without tensor");
      PickleItem* item = make(Kind::tensor);
      item->tensor = arguments.items[0]->tensor;
      return item;
    }
    if (function.text != "collections.OrderedDict") return make(Kind::opaque);
    PickleItem* dictionary = make(Kind::dictionary);
    if (!arguments.items.empty())
      for (const PickleItem* pair : arguments.items[0]->items)
        if (pair->items.size() == 2) dictionary->entries.emplace_back(pair->items[0], pair->items[1]);
    return dictionary;
  }

  std::vector<int64_t> sizes(const PickleItem& item) const {
    std::vector<int64_t> result;
    for (const PickleItem* size : item.items) {
      if (size->kind != Kind::integer || size->integer < 0) refuse("holds a tensor of no size");
      result.push_back(size->integer);
    }
    return result;
  }

  /// (storage, offset, size, stride, …): a view of the storage, after a check that it stays inside.
  PickleItem* tensor(const std::vector<const PickleItem*>& arguments) {
    if (arguments.size() < 4 || arguments[0]->kind != Kind::storage || arguments[1]->kind != Kind::integer ||
        arguments[1]->integer < 0)
      refuse("holds a tensor that is not described as it should be");
    const PickleItem& source = *arguments[0];
    const std::vector<int64_t> size = sizes(*arguments[2]), stride = sizes(*arguments[3]);
    int64_t last = arguments[1]->integer;
    bool inside = size.size() == stride.size(), empty = std::count(size.begin(), size.end(), 0) > 0;
    for (size_t axis = 0; inside && !empty && axis < size.size(); ++axis) {
      int64_t step = 0;
      inside =
          !__builtin_mul_overflow(size[axis] - 1, stride[axis], &step) && !__builtin_add_overflow(last, step, &last);
    }
    if (!inside || (!empty && last >= source.integer)) refuse("holds a tensor that reaches beyond its storage");
    const auto known = storages_.find(source.text);
    const torch::Tensor data =
        known != storages_.end() ? known->second : read_storage_(source.type, source.text, source.integer);
    if (data.scalar_type() != source.type || data.numel() < source.integer) refuse("uses a storage as two types");
    storages_.emplace(source.text, data);
    PickleItem* item = make(Kind::tensor);
    item->tensor = empty ? torch::empty(size, source.type) : data.as_strided(size, stride, arguments[1]->integer);
    return item;
  }

  Pickle& owner_;
  std::string_view bytes_;
  const ReadStorage& read_storage_;
  const std::string& where_;
  size_t at_ = 0;
  std::vector<PickleItem*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleItem*> memo_;
  std::unordered_map<std::string, torch::Tensor> storages_;
};

Pickle::Pickle(std::string_view bytes, ReadStorage read_storage, std::string where) {
  value_ = Reader(*this, bytes, read_storage, where).run();
}

}  // namespace medvol::networks
