#include "experiments/apps/task_context.h"

#include "datasets/catalogue/read_case.h"
#include "datasets/loading/mixed_cases.h"
#include "datasets/loading/store_cases.h"
#include "datasets/loading/training_source.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/parallel/batch_sum.h"
#include "losses/composite/deep_supervision.h"
#include "networks/blocks/batch_norm.h"
#include "trainers/inference/image_predictor.h"
#include "trainers/session/checkpointer.h"

namespace medvol::apps {
namespace {

std::unique_ptr<datasets::BatchSource> patches(const ExperimentOptions& options, const PreparedExperiment& prepared,
                                               const runtime::ExecutionContext& context, const parallel::Group& group) {
  auto cases = datasets::training_cases(prepared.store, prepared.split.train, prepared.plan.previous_labels());
  if (prepared.synthetic)
    cases = datasets::mixed_cases(std::move(cases),
                                  datasets::training_cases(*prepared.synthetic, prepared.synthetic->ids()),
                                  options.dataset.synthetic().synthetic_fraction);
  const auto [begin, end] = group.share_of(prepared.plan.batch_size);
  return std::make_unique<datasets::TrainingSource>(
      std::move(cases), datasets::Augmenter(options.augmentation, prepared.plan.patch_size), prepared.plan.batch_size,
      options.loading, context.seed, context.device, datasets::SampleRange{begin, end});
}

trainers::Objective objective(const ExperimentOptions& options, const plan::Plan& plan,
                              const networks::Network& network, parallel::Group& group) {
  const size_t weights = options.supervision.class_weights.size();
  if (weights > 0 && static_cast<int64_t>(weights) < plan.class_count())
    throw core::UserError(fmt::format("{} class weights for {} classes", weights, plan.class_count()),
                          "supervision.class_weights", "give one weight for each class, background first, or none");
  losses::LossContext context{.batch_dice = plan.batch_dice, .regions = {}};
  if (group.size() > 1) context.batch_sum = parallel::batch_sum(group);
  if (!plan.regions.empty())
    for (const plan::Region& region : plan.class_structures()) context.regions.push_back(region.labels);
  std::unique_ptr<losses::Loss> own = options.loss.build(context);
  if (!plan.regions.empty() && !own->takes_regions())
    throw core::UserError("loss=" + options.loss.name() + " is of classes, and this data set has regions", "loss",
                          "choose loss=dice_bce");
  const auto loss = std::make_shared<losses::DeepSupervision>(std::move(own), network.head_strides(),
                                                              plan.ignore_class(), options.supervision);
  return [loss](const auto& heads, const torch::Tensor& labels) { return (*loss)(heads, labels); };
}

/// The configured network's features, frozen. The run directory it comes from may hold any network.
losses::FeatureExtractor feature_extractor(const std::filesystem::path& model, torch::Device device) {
  if (model.empty()) return {};
  const std::shared_ptr<networks::Network> network = load_trained_network(model, Weights::automatic).network;
  network->to(device);
  for (torch::Tensor& parameter : network->parameters()) parameter.requires_grad_(false);
  return [network](const torch::Tensor& image) { return network->forward(image); };
}

/// A trained segmenter on the grid of `plan`, which must be its own.
std::function<torch::Tensor(const torch::Tensor&)> segmenter(const ExperimentOptions& options, const plan::Plan& plan) {
  const std::filesystem::path& model = options.segmenter.model;
  if (model.empty()) return {};
  const LoadedModel loaded = load_model(model, Weights::automatic, options.hardware);
  if (!trainers::makes_label_maps(loaded.model.metadata.kind))
    throw core::UserError("segmenter.model is a model of trainer=" + loaded.model.metadata.kind, model.string(),
                          "name a segmenter of the same data set and plan");
  const plan::Plan& own = loaded.model.metadata.plan;
  if (!own.regions.empty())
    throw core::UserError("segmenter.model predicts regions", model.string(), "name a segmenter of classes");
  if (own.spacing != plan.spacing || own.normalization != plan.normalization || own.labels != plan.labels)
    throw core::UserError("was trained at another spacing, normalisation or for other labels", model.string(),
                          "name a segmenter of the same data set and plan");
  const auto predictor = std::make_shared<trainers::ImagePredictor>(loaded.model.network, own, own.output_count(),
                                                                    loaded.model.metadata.inference, loaded.context);
  return [predictor](const torch::Tensor& image) { return predictor->predict(image).argmax(0); };
}

/// Batch normalisation over the samples of all ranks.
void synchronise_batch_norm(networks::Network& network, const plan::Plan& plan, parallel::Group& group) {
  bool found = false;
  network.apply([&](torch::nn::Module& module) {
    auto* norm = dynamic_cast<networks::BatchNormImpl*>(&module);
    if (!norm) return;
    norm->synchronise(parallel::batch_sum(group));
    found = true;
  });
  if (found && plan.batch_size < group.size())
    throw core::UserError(fmt::format("a batch of {} leaves some of {} processes without a sample, which batch "
                                      "normalisation does not allow",
                                      plan.batch_size, group.size()),
                          "plan.batch_size", "start fewer processes, or raise plan.batch_size");
}

}  // namespace

trainers::WholeCases whole_cases(const PreparedExperiment& prepared, const std::vector<std::string>& ids) {
  return {static_cast<int64_t>(ids.size()), [&prepared, ids](int64_t index) {
            const std::string& id = ids[static_cast<size_t>(index)];
            const imaging::GridTransform& transform = prepared.store.transform(id);
            const auto reference = [&prepared, &transform, &one = prepared.dataset.find(id)] {
              return datasets::read_case_labels(one, prepared.dataset, transform.file_geometry()).data;
            };
            at::Tensor image = prepared.store.image(id);
            if (prepared.plan.is_cascade())
              image = datasets::with_previous_stage(image, prepared.store.both_labels(id)[1],
                                                    prepared.plan.previous_labels());
            return trainers::WholeCase{id, image, prepared.store.labels(id), reference, transform};
          }};
}

trainers::TaskContext task_context(const ExperimentOptions& options, const runtime::ExecutionContext& context,
                                   const PreparedExperiment& prepared, const run::RunPaths& directory,
                                   std::shared_ptr<parallel::Group> group) {
  // A run that goes on has its own weights: what it started from need not be there any more.
  const bool fresh = !std::filesystem::exists(trainers::Checkpointer(directory.checkpoints()).path("last"));
  const auto network = [&options, &context, &prepared, fresh, group](const networks::TaskShape& shape) {
    std::shared_ptr<networks::Network> made = options.network.build(shape);
    made->initialize(context.generator(runtime::purpose_weights));
    if (fresh && !options.pretrained.from.empty()) load_pretrained(*made, options.pretrained.from);
    if (group->size() > 1) synchronise_batch_norm(*made, prepared.plan, *group);
    return made;
  };
  const auto discriminator = [&options, &context](const networks::DiscriminatorShape& shape) {
    std::shared_ptr<networks::Discriminator> made = options.discriminator.build(shape);
    made->initialize(context.generator(runtime::purpose_weights, 1));
    return made;
  };
  return {.plan = prepared.plan,
          .context = context,
          .shape = task_shape(prepared.plan),
          .network = network,
          .discriminator = discriminator,
          .objective = [&options, &prepared, group](
                           const networks::Network& made) { return objective(options, prepared.plan, made, *group); },
          .image_loss =
              [&options, device = context.device](losses::ImageLossContext image) {
                if (!image.features) image.features = feature_extractor(options.perceptual.model, device);
                return options.image_loss.build(image);
              },
          .adversarial_loss = [&options] { return options.adversarial_loss.build(); },
          .optimizer = [&options] { return options.optimizer.build(); },
          .discriminator_optimizer = [&options] { return options.discriminator_optimizer.build(); },
          .patches = [&options, &prepared, &context, group] { return patches(options, prepared, context, *group); },
          .training = whole_cases(prepared, prepared.split.train),
          .held_out = whole_cases(prepared, prepared.split.validation),
          .segmenter = segmenter(options, prepared.plan),
          .inference = options.inference,
          .policy = metrics::policy_by_name(options.evaluation.policy),
          .samples = directory.root() / "samples",
          .group = group};
}

}  // namespace medvol::apps
