#include "framework/parallel/group.h"

namespace medvol::parallel {
namespace {

class Done : public Pending {
 public:
  void wait() override {}
};

class Alone : public Group {
 public:
  int64_t rank() const override { return 0; }
  int64_t size() const override { return 1; }
  std::unique_ptr<Pending> start_sum(const at::Tensor&) override { return std::make_unique<Done>(); }
  std::unique_ptr<Pending> start_broadcast(const at::Tensor&, int64_t) override { return std::make_unique<Done>(); }
  std::vector<std::string> gather(const std::string& text) override { return {text}; }
  void tell_failure(const std::string&) override {}
  void finish() override {}
};

}  // namespace

std::unique_ptr<Group> alone() { return std::make_unique<Alone>(); }

}  // namespace medvol::parallel
