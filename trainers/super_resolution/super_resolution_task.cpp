#include "trainers/super_resolution/super_resolution_task.h"

#include <numeric>

namespace medvol::trainers {

StepBatch degraded_batch(const StepBatch& batch, const Degradation& degradation, bool enlarge, uint64_t seed) {
  runtime::Philox random(seed, runtime::purpose_degradation, static_cast<uint64_t>(batch.index));
  const torch::Tensor low = degradation.varied(batch.images, random);
  return {enlarge ? enlarged(low, degradation.factors()) : low, batch.images, batch.index};
}

namespace {

std::vector<int64_t> foreground_classes(const plan::Plan& plan) {
  std::vector<int64_t> classes(plan.labels.size());
  std::iota(classes.begin(), classes.end(), 1);
  return classes;
}

}  // namespace

SuperResolutionJudge super_resolution_judge(const SuperResolutionOptions& options, const TaskContext& context,
                                            WindowNetwork network) {
  const std::vector<int64_t> factors = factors_of_axes(options.factors, context.plan);
  return {Upscaler(std::move(network), context.plan, factors, context.inference, context.context),
          Degradation(options.degradation, factors, intensity_scale(context.training)),
          context.plan.dimensions,
          context.context.seed,
          context.segmenter,
          foreground_classes(context.plan),
          context.plan.ignore_class()};
}

SuperResolutionTask::SuperResolutionTask(const SuperResolutionOptions& options, const TaskContext& context)
    : options_(options), shape_(context.shape), held_out_(context.held_out) {
  const std::vector<int64_t> factors = factors_of_axes(options_.factors, context.plan);
  shape_.out_channels = shape_.in_channels;
  shape_.deep_supervision = false;
  shape_.upsampling = factors;
  std::shared_ptr<networks::Network> network = context.network(shape_);
  const bool enlarges = upsamples_itself(*network, factors);
  if (enlarges && network->fixed_size()) {  // it sees low-resolution patches only
    for (size_t axis = 0; axis < factors.size(); ++axis) shape_.patch_size.at(axis) /= factors[axis];
    network = context.network(shape_);
  }
  const SuperResolutionJudge judge = super_resolution_judge(options_, context, super_resolver(network, factors));
  network_ = network;
  judge_ = judge;
  step_ = make_step(
      context, network,
      [degradation = judge.degradation, enlarges, seed = context.context.seed](const StepBatch& batch) {
        return degraded_batch(batch, degradation, !enlarges, seed);
      },
      judge.degradation.scale().range);
  source_ = context.patches();
  const WholeCases held_out = spread_evenly(context.held_out, options_.validation_cases);
  evaluator_ = std::make_unique<SuperResolutionEvaluator>(judge, held_out, options_.adversary.weight == 0);
  if (held_out.count > 0) samples_ = std::make_unique<SamplePictures>(judge, held_out, context.samples);
}

std::unique_ptr<Step> SuperResolutionTask::make_step(const TaskContext& context,
                                                     std::shared_ptr<networks::Network> network, Prepare prepare,
                                                     double data_range) const {
  const std::shared_ptr<losses::ImageLoss> loss = context.image_loss({.data_range = data_range, .features = {}});
  const Objective supervised = [loss](const std::vector<torch::Tensor>& heads, const torch::Tensor& target) {
    return (*loss)(heads.front(), target, {});
  };
  const int64_t dimensions = context.plan.dimensions;
  if (options_.adversary.weight == 0)
    return std::make_unique<TrainingStep>(std::move(network), dimensions, supervised, context.optimizer(),
                                          context.context, options_, std::move(prepare));
  const networks::DiscriminatorShape judged{dimensions, shape_.in_channels, context.plan.patch_size};
  AdversarialParts parts{.generator = std::move(network),
                         .discriminator = context.discriminator(judged),
                         .judged = judged,
                         .generator_optimizer = context.optimizer(),
                         .discriminator_optimizer = context.discriminator_optimizer(),
                         .adversarial = context.adversarial_loss(),
                         .supervised = supervised,
                         .prepare = std::move(prepare),
                         .real = [](const StepBatch& ready) { return ready.target; },
                         .made = [](const StepBatch&, const torch::Tensor& finest_head) { return finest_head; }};
  return std::make_unique<AdversarialStep>(std::move(parts), dimensions, context.context, options_, options_.adversary);
}

Measurements SuperResolutionTask::measure(const std::function<void(double)>& progress) {
  Measurements result;
  result.methods = {"network", "linear", "cubic_bspline"};
  result.baselines = {"cubic_bspline", "linear"};
  result.measures = {{"psnr", "PSNR (dB)", true, 2}, {"ssim", "SSIM", true, 4}, {"ms_ssim", "MS-SSIM", true, 4}};
  result.notes = {
      "Data range: each reference's own largest minus smallest intensity. SSIM: Gaussian window of 11 voxels, "
      "or the largest odd number that the image holds, sigma 1.5, K1 0.01, K2 0.03, whole image; MS-SSIM takes as many "
      "of its five scales as the image holds, their weights made to sum to 1. All methods get the same degraded "
      "image."};
  if (judge_->segmenter) {
    result.methods.insert(result.methods.end(), {"low_resolution", "reference"});
    result.measures.push_back({"dice", "Dice of a segmenter", true, 4});
    result.notes.push_back(
        "Dice: mean over the foreground classes, those in neither map left out, of the label map that a segmenter, "
        "trained on real images, makes of each "
        "image, against the reference labels on the network's grid.");
  }
  const double total = static_cast<double>(held_out_.count);
  for (const ImageQuality& one : evaluate_super_resolution(
           *judge_, held_out_, [&](int64_t done) { progress(static_cast<double>(done) / total); })) {
    result.values.push_back({one.case_id, one.method, "psnr", one.psnr});
    result.values.push_back({one.case_id, one.method, "ssim", one.ssim});
    result.values.push_back({one.case_id, one.method, "ms_ssim", one.ms_ssim});
    if (judge_->segmenter) result.values.push_back({one.case_id, one.method, "dice", one.dice});
  }
  return result;
}

std::vector<Hook*> SuperResolutionTask::hooks() {
  return samples_ ? std::vector<Hook*>{samples_.get()} : std::vector<Hook*>{};
}

}  // namespace medvol::trainers
