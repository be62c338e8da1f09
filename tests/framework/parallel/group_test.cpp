#include "framework/parallel/group.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "framework/core/error.h"
#include "framework/parallel/batch_sum.h"
#include "tests/framework/parallel/ranks.h"

namespace medvol::parallel {
namespace {

using testing::HasSubstr;

TEST(Group, AloneChangesNothing) {
  const auto group = alone();
  const at::Tensor one = at::ones({3});
  group->sum(one);
  group->broadcast(one);
  EXPECT_TRUE(at::equal(one, at::ones({3})));
  EXPECT_EQ(group->gather("x"), std::vector<std::string>{"x"});
  EXPECT_EQ(group->share_of(7).count(), 7);
  EXPECT_EQ(join({})->size(), 1);
}

/// As far as shares go.
class OfSize : public Group {
 public:
  explicit OfSize(int64_t ranks) : ranks_(ranks) {}
  int64_t rank() const override { return 0; }
  int64_t size() const override { return ranks_; }
  std::unique_ptr<Pending> start_sum(const at::Tensor&) override { return nullptr; }
  std::unique_ptr<Pending> start_broadcast(const at::Tensor&, int64_t) override { return nullptr; }
  std::vector<std::string> gather(const std::string&) override { return {}; }
  void tell_failure(const std::string&) override {}
  void finish() override {}

 private:
  int64_t ranks_;
};

TEST(Group, SharesAreEvenAndWhole) {
  for (const int64_t size : {1, 2, 3, 4, 9})
    for (const int64_t count : {0, 1, 2, 7, 12}) {
      int64_t next = 0;
      for (int64_t rank = 0; rank < size; ++rank) {
        const Range range = OfSize(size).share_of(count, rank);
        EXPECT_EQ(range.begin, next);
        EXPECT_LE(range.count(), (count + size - 1) / size);
        EXPECT_GE(range.count(), count / size);
        next = range.end;
      }
      EXPECT_EQ(next, count);
    }
}

TEST(Group, SumsBroadcastsAndGathers) {
  for (const int64_t size : {2, 3})
    tests::expect_ranks(size, [size](Group& group) {
      const at::Tensor numbers = at::arange(1000, at::kDouble) * double(group.rank() + 1);
      group.sum(numbers);
      EXPECT_TRUE(at::equal(numbers, at::arange(1000, at::kDouble) * double(size * (size + 1) / 2)));
      for (int64_t from = 0; from < size; ++from) {
        const at::Tensor mine = at::full({5}, group.rank(), at::kLong);
        group.broadcast(mine, from);
        EXPECT_TRUE(at::equal(mine, at::full({5}, from, at::kLong)));
      }
      std::vector<std::string> expected;
      for (int64_t rank = 0; rank < size; ++rank) expected.push_back(std::string(static_cast<size_t>(3 * rank), 'a'));
      EXPECT_EQ(group.gather(expected[static_cast<size_t>(group.rank())]), expected);
      EXPECT_EQ(group.from_leader(group.leads() ? "said" : "unheard"), "said");
      // Two at once, waited for in the other order.
      const at::Tensor a = at::ones({10}), b = at::full({20}, 2.0);
      auto first = group.start_sum(a), second = group.start_sum(b);
      second->wait();
      first->wait();
      EXPECT_EQ(a[0].item<double>() * 2, b[0].item<double>());
    });
}

TEST(Group, ABatchSumIsDifferentiable) {
  tests::expect_ranks(2, [](Group& group) {
    const auto sum = batch_sum(group);
    // L = (Σ x)² over both ranks; each holds all of L, and half of it is its share: dL/dx = 2 Σ x for both.
    const at::Tensor x = at::full({2}, 1.0 + double(group.rank())).requires_grad_(true);
    const at::Tensor loss = sum(x.sum()).square() * 0.5;
    EXPECT_EQ(loss.item<double>(), 18);
    loss.backward();
    EXPECT_TRUE(at::equal(x.grad(), at::full({2}, 12.0)));
  });
}

/// A rank of two that fails in some way; what the other one is told, and after how many seconds.
std::pair<std::string, double> told_after(const std::function<void(Group&)>& failing) {
  const uint16_t port = tests::meeting_port();
  const Environment base{.rank = 0, .size = 2, .local_size = 2, .master_address = "127.0.0.1", .master_port = port};
  const pid_t child = fork();
  if (child == 0) {
    Environment own = base;
    own.rank = own.local_rank = 1;
    const auto group = join(own);
    group->barrier();
    failing(*group);
    _exit(0);
  }
  std::string told = "nothing";
  const auto group = join(base);
  group->barrier();
  const auto begun = std::chrono::steady_clock::now();
  try {
    group->sum(at::ones({4}));
  } catch (const core::UserError& error) {
    told = error.what();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  group->tell_failure(told);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return {told, seconds};
}

TEST(Group, ARankThatFailsIsNamedWithItsReason) {
  const auto [told, seconds] = told_after([](Group& group) {
    group.tell_failure("the disk is full\nmore");
    _exit(1);
  });
  EXPECT_THAT(told, AllOf(HasSubstr("rank 1"), HasSubstr("failed: the disk is full"), Not(HasSubstr("more"))));
  EXPECT_LT(seconds, 30);
}

TEST(Group, AKilledRankIsNamed) {
  const auto [told, seconds] = told_after([](Group&) { kill(getpid(), SIGKILL); });
  EXPECT_THAT(told, AllOf(HasSubstr("rank 1"), HasSubstr("process"), HasSubstr("no sign of life")));
  EXPECT_LT(seconds, 30);
}

TEST(Environment, SaysWhatIsMissing) {
  const auto with = [](std::initializer_list<std::pair<const char*, const char*>> variables) -> std::string {
    for (const char* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"}) unsetenv(name);
    for (const auto& [name, value] : variables) setenv(name, value, 1);
    try {
      const Environment found = Environment::read();
      return fmt::format("{} of {} at {}:{}", found.rank, found.size, found.master_address, found.master_port);
    } catch (const core::UserError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(with({}), "0 of 1 at :0");
  EXPECT_EQ(with({{"WORLD_SIZE", "4"}, {"RANK", "3"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "29500"}}),
            "3 of 4 at a:29500");
  EXPECT_THAT(with({{"WORLD_SIZE", "4"}}), HasSubstr("RANK"));
  EXPECT_THAT(with({{"WORLD_SIZE", "4"}, {"RANK", "4"}}), HasSubstr("rank 4 of 4"));
  EXPECT_THAT(with({{"WORLD_SIZE", "4"}, {"RANK", "1"}, {"MASTER_ADDR", "a"}}), HasSubstr("MASTER_PORT"));
  EXPECT_THAT(with({{"WORLD_SIZE", "four"}, {"RANK", "1"}}), HasSubstr("four"));
  with({});
}

}  // namespace
}  // namespace medvol::parallel
