#include "trainers/step/gradient_sum.h"

#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

constexpr int64_t first_bucket_bytes = 1 << 20;

}  // namespace

GradientSum::GradientSum(torch::nn::Module& module, ParameterArena& arena, parallel::Group& group,
                         const Options& options)
    : group_(group), options_(options) {
  const auto bytes = static_cast<int64_t>(sizeof(float));
  const auto& entries = arena.entries();
  const auto named = module.named_parameters();
  int64_t end = arena.gradient().numel(), first = static_cast<int64_t>(entries.size());
  while (first > 0) {
    const int64_t limit = (buckets_.empty() ? first_bucket_bytes : options_.bucket_bytes) / bytes;
    const int64_t last = first;
    do --first;
    while (first > 0 && end - entries[size_t(first)].offset < limit);
    Bucket bucket;
    bucket.gradient = arena.gradient().narrow(0, entries[size_t(first)].offset, end - entries[size_t(first)].offset);
    bucket.parameters = bucket.missing = last - first;
    end = entries[size_t(first)].offset;
    const size_t index = buckets_.size();
    buckets_.push_back(std::move(bucket));
    for (int64_t i = first; i < last; ++i) {
      auto accumulator = torch::autograd::impl::grad_accumulator(named[entries[size_t(i)].name]);
      hooks_.push_back(accumulator->add_post_hook(
          std::make_unique<torch::autograd::utils::LambdaPostHook>([this, index](const auto& outputs, const auto&) {
            arrived(index);
            return outputs;
          })));
      accumulators_.push_back(std::move(accumulator));
    }
  }
}

GradientSum::~GradientSum() {
  for (size_t i = 0; i < hooks_.size(); ++i) accumulators_[i]->del_post_hook(hooks_[i]);
}

void GradientSum::expect_backward() {
  const std::lock_guard lock(mutex_);
  expecting_ = true;
  sent_ = 0;
  for (Bucket& bucket : buckets_) bucket.missing = bucket.parameters;
}

void GradientSum::arrived(size_t bucket) {
  const std::lock_guard lock(mutex_);
  if (!expecting_) return;
  --buckets_[bucket].missing;
  send_ready();
}

void GradientSum::send_ready() {
  for (; sent_ < buckets_.size() && buckets_[sent_].missing <= 0; ++sent_) send(buckets_[sent_]);
}

void GradientSum::send(Bucket& bucket) {
  const torch::NoGradGuard no_grad;
  if (options_.bf16) bucket.rounded = bucket.gradient.to(torch::kBFloat16);
  bucket.pending = group_.start_sum(options_.bf16 ? bucket.rounded : bucket.gradient);
}

void GradientSum::complete() {
  const torch::NoGradGuard no_grad;
  const std::lock_guard lock(mutex_);
  MEDVOL_CHECK(expecting_, "complete() before expect_backward()");
  for (; sent_ < buckets_.size(); ++sent_) send(buckets_[sent_]);  // what backward did not reach is zero
  for (Bucket& bucket : buckets_) {
    bucket.pending->wait();
    if (options_.bf16) bucket.gradient.copy_(bucket.rounded);
  }
  expecting_ = false;
}

}  // namespace medvol::trainers
