#include "datasets/loading/mixed_cases.h"

#include <utility>

#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

class MixedCases : public TrainingCases {
 public:
  MixedCases(std::unique_ptr<TrainingCases> real, std::unique_ptr<TrainingCases> added, double fraction)
      : real_(std::move(real)), added_(std::move(added)), fraction_(fraction) {}

  int64_t count() const override { return real_->count() + added_->count(); }
  int64_t channels() const override { return real_->count() > 0 ? real_->channels() : added_->channels(); }
  const TrainingCase& open(int64_t index) const override {
    return index < real_->count() ? real_->open(index) : added_->open(index - real_->count());
  }
  int64_t draw(runtime::Philox& random) const override {
    if (fraction_ > 0 && random.bernoulli(fraction_)) return real_->count() + added_->draw(random);
    return real_->draw(random);
  }

 private:
  std::unique_ptr<TrainingCases> real_, added_;
  double fraction_;
};

}  // namespace

std::unique_ptr<TrainingCases> mixed_cases(std::unique_ptr<TrainingCases> real, std::unique_ptr<TrainingCases> added,
                                           double fraction) {
  MEDVOL_CHECK(fraction >= 0 && fraction <= 1, "a fraction of {}", fraction);
  if (fraction < 1 && real->count() == 0)
    throw core::UserError("there are no training cases", "", "a fold needs cases with labels");
  if (fraction > 0 && added->count() == 0)
    throw core::UserError("the data set that is mixed into training has no cases", "dataset.synthetic_root",
                          "dataset.synthetic_fraction=0 trains without it");
  if (real->count() > 0 && added->count() > 0 && real->channels() != added->channels())
    throw core::UserError(fmt::format("the data set that is mixed into training has {} channels, the real one {}",
                                      added->channels(), real->channels()),
                          "dataset.synthetic_root", "mix data sets of the same channels");
  return std::make_unique<MixedCases>(std::move(real), std::move(added), fraction);
}

}  // namespace medvol::datasets
