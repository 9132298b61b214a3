//! The table of settings: the only list of a run's settings.

use std::ops::Bound;
use std::path::PathBuf;
use std::sync::LazyLock;

use effnet_kernels::Precision;
use effnet_kernels::threads::MOST_THREADS;
use serde::{Deserialize, Serialize};

use super::super::optimizer::{AdamW, RmsProp, Sgd};
use super::setting::{Setting, SettingType, settings};
use super::values::{ClassWeights, OptimizerKind, PolicyKind, ScheduleKind, StatisticsKind};
use crate::data::OnBadImage;
use crate::dialect::{Fit, Interpolation};
use crate::weights::Source;

/// The highest magnitude that RandAugment's levels are made for, thrice automl's unit of 10.
const MAX_MAGNITUDE: f64 = 30.0;

settings! {
    /// All settings of a run. The fields are the keys of `config.toml`.
    Config, "Training" {
        /// The network: a variant, a table or a type.
        model: String { otherwise("the command's") }
        /// The settings that the others begin as: `digits`, `scratch`, `finetune`, `paper-s` or that of another
        /// variant, or a TOML file.
        recipe: String { otherwise("the one that fits the data"), flag("recipe", "NAME|FILE") }
        /// Seed of initial weights, order, augmentation, dropout and drop path.
        seed: u64 { default(0), within(0..), flag("seed", "SEED") }
        /// Passes over the training images.
        epochs: u64 { otherwise("the recipe's"), within(1..), flag("epochs", "EPOCHS") }
        /// Images of a step.
        batch: usize { otherwise("the recipe's"), within(1..), flag("batch", "BATCH") }
        /// Parts that a step's images go through the network in, one after the other: less memory, more steps of batch
        /// normalisation.
        accumulate: usize { default(1), within(1..), flag("accumulate", "PARTS") }
        /// Number format of the activations; `bf16` needs a GPU.
        precision: Precision { default("f32"), flag("precision", "FORMAT") }
        /// Side in pixels of a training image; with several stages, of the last one's. The flag sets `eval_size` too.
        size: usize { otherwise("the network's"), within(1..), flag("size", "SIZE") }
        /// Side in pixels of a validation image.
        eval_size: usize { otherwise("the network's"), within(1..), flag("size", "SIZE") }
    }

    /// The images.
    data: DataConfig, "Data" {
        /// Images: a folder or tar of `<class>/…` or of `train/<class>/…` and `val/<class>/…`, a CSV list, WebDataset
        /// shards, or CIFAR's binary version.
        path: Option<PathBuf> { otherwise("the bundled digits"), flag("data", "PATH") }
        /// Share of each class that is set aside for validation, where the data has no `val` part.
        val_fraction: Option<f64> { otherwise("0.2"), flag("val-fraction", "SHARE") }
        /// What happens when a file is no image: the run ends with an error that names it, or the file is left out,
        /// counted and listed.
        on_bad_image: OnBadImage { default("fail"), flag("on-bad-image", "WHAT") }
    }

    /// How training images are varied.
    augment: AugmentConfig, "Training" {
        /// Least and greatest share of the picture's area in a random crop.
        scale: (f64, f64) { otherwise("the recipe's") }
        /// Least and greatest aspect of a random crop, width by height.
        ratio: (f64, f64) { otherwise("the recipe's") }
        /// Probability of mirroring.
        flip: f64 { otherwise("the recipe's"), within(0..=1) }
        /// What else happens to colours and geometry.
        policy: PolicyKind { default("none") }
        /// RandAugment's operations on each image.
        layers: usize { default(2), within(1..) }
        /// RandAugment's level of each operation; with several stages, in the last one.
        magnitude: f64 { default(10.0), within(0.0..=MAX_MAGNITUDE) }
        /// Parameter of mixup's Beta distribution, 0 for no mixup; with several stages, in the last one.
        mixup: f64 { default(0.0), within(0..) }
        /// Parameter of cutmix's Beta distribution, 0 for no cutmix; with several stages, in the last one.
        cutmix: f64 { default(0.0), within(0..) }
        /// Probability of erasing a rectangle.
        erase: f64 { default(0.0), within(0..=1) }
    }

    /// Progressive learning: image size, RandAugment's magnitude, mixup, cutmix and dropout grow from stage to stage
    /// (Tan & Le, *EfficientNetV2*, section 4). The schedule is printed before the run.
    stages: StagesConfig, "Training" {
        /// Progressive learning: stages of growing images and regularisation, 1 for none. The flag without a number
        /// makes 4.
        count: usize { default(1), within(1..), flag("progressive", "STAGES") }
        /// The size that the first stage's grows from.
        base: Option<usize> { otherwise("128, or half of a `size` of at most 128"), within(1..) }
        /// RandAugment's magnitude in the first stage.
        magnitude: f64 { default(5.0), within(0.0..=MAX_MAGNITUDE) }
        /// The first stage's dropout, as a share of the last one's. The paper's is a half; automl does not ramp it.
        dropout: f64 { default(0.5), within(0..=1) }
        /// Whether smaller images make larger batches, so that every stage takes about the same memory.
        batch_follows_size: bool { default(false) }
    }

    /// How gradients change weights.
    optimizer: OptimizerConfig, "Training" {
        /// The rule.
        kind: OptimizerKind { otherwise("the recipe's") }
        /// The highest learning rate.
        lr: f64 { otherwise("the recipe's"), above(0.0), flag("lr", "LR") }
        /// The images of a step that `lr` is meant for: the rate is `lr · batch / lr_batch`. 0 for a rate of `lr` as it
        /// stands.
        lr_batch: usize { default(0), within(0..) }
        /// Layer-wise decay of the rate, for fine-tuning: each block's is that of the next times this, from the classifier,
        /// whose rate is `lr`, down to the stem. 1 for one rate.
        layer_decay: f64 {
            default(1.0), within((Bound::Excluded(0.0), Bound::Included(1.0))), flag("layer-decay", "FACTOR")
        }
        /// Weight decay.
        weight_decay: f64 { otherwise("the recipe's"), within(0..) }
        /// Whether batch normalisation and biases decay too.
        decay_vectors: bool { default(false) }
        /// Weights that do not decay: names with `*` for any text.
        no_decay: Vec<String> { default(Vec::<String>::new()) }
        /// The norm that all gradients together are scaled down to where they exceed it; 0 for no limit.
        clip_norm: f64 { default(0.0), within(0..) }
        /// AdamW's decay of the mean of gradients.
        beta1: f64 { default(AdamW::default().beta1), within(0..1) }
        /// AdamW's decay of the mean of squared gradients.
        beta2: f64 { default(AdamW::default().beta2), within(0..1) }
        /// What keeps AdamW's and RMSprop's division finite.
        eps: Option<f64> { otherwise("AdamW's 1e-8, RMSprop's 1e-3"), above(0.0) }
        /// RMSprop's decay of the mean of squared gradients.
        rms_decay: f64 { default(RmsProp::default().decay), within(0..1) }
        /// Share of the momentum buffer that a step of SGD or RMSprop keeps.
        momentum: f64 { default(Sgd::default().momentum), within(0..1) }
    }

    /// The learning rate's way through the run.
    schedule: ScheduleConfig, "Training" {
        /// How the rate declines.
        kind: ScheduleKind { default("cosine") }
        /// Share of the run's steps in which the rate rises.
        warmup: f64 { default(0.0), within(0..=1) }
        /// Epochs in which the rate rises, instead of a share of the run.
        warmup_epochs: Option<f64> { otherwise("`warmup`"), within(0..) }
        /// The rate at the end, as a share of the highest; none is lower.
        floor: f64 { default(0.0), within(0..=1) }
        /// The exponential schedule's factor on the rate, every `decay_epochs`.
        decay_factor: f64 { default(0.97), within(0..=1) }
        /// Epochs of one step of the exponential schedule's staircase.
        decay_epochs: f64 { default(2.4), above(0.0) }
    }

    /// What keeps the network from learning the images by heart.
    regularise: RegulariseConfig, "Training" {
        /// Share of a target that is spread over all classes.
        label_smoothing: f64 { otherwise("the recipe's"), within(0..=1) }
        /// Probability of dropping a feature in front of the classifier; with several stages, in the last one.
        dropout: f64 { otherwise("the network's"), within(0..1) }
        /// Factor on the drop-path rates of the network's table.
        drop_path_scale: f64 { otherwise("the recipe's"), within(0..) }
        /// How much each class counts in the loss: each image the same, each class the same, or a weight per class in
        /// the order of the labels. The mean over the training images is 1 in any case, so that the rate keeps its
        /// meaning.
        class_weights: ClassWeights { default("equal"), within(0..) }
        /// Weights that stay as they are: names with `*` for any text, or `backbone` for all in front of the head. A
        /// batch normalisation whose scale is among them keeps its running statistics, and uses them. The flag may be
        /// repeated.
        freeze: Vec<String> { default(Vec::<String>::new()), flag("freeze", "NAMES") }
        /// What batch normalisation uses in training: the statistics of a process's part of the batch, those of all
        /// processes' together, or the running ones, which stay as they are.
        statistics: StatisticsKind { default("local"), flag("statistics", "WHICH") }
    }

    /// The moving average of the weights and running statistics, evaluated beside them. `best.safetensors` is the
    /// better of both.
    ema: EmaConfig, "Training" {
        /// Share of the average that a step keeps; 0 for no average. The first steps keep less: `(1 + n) / (10 + n)` in
        /// step `n`, as TensorFlow's `ExponentialMovingAverage` with `num_updates` does.
        decay: f64 { default(0.0), within(0..1) }
    }

    /// Weights to begin with.
    pretrained: PretrainedConfig, "Training" {
        /// Weights to begin with, ours or another implementation's: a file, a folder with one, or `hf:owner/name`, a
        /// repository of Hugging Face's hub, which is looked for in its cache.
        path: Option<Source> { otherwise("random weights"), flag("pretrained", "SOURCE") }
        /// Whether a file's averaged weights are taken, where it has plain ones too.
        averaged: bool { default(true) }
        /// The conventions that those weights follow, where neither their names nor timm's `config.json` beside them tell:
        /// `torchvision`, `wzm`, `timm`, `timm-tf`, `keras`, `automl` or `lukemelas`.
        dialect: Option<String> { otherwise("what the file tells"), flag("dialect", "DIALECT") }
        /// Mean that those weights want subtracted from pixels in 0..=1: one number, or one a channel.
        mean: Option<Vec<f64>> { otherwise("the dialect's"), flag("mean", "NUMBERS") }
        /// Standard deviation that they want pixels divided by: one number, or one a channel.
        std: Option<Vec<f64>> { otherwise("the dialect's"), flag("std", "NUMBERS") }
        /// Share of the image's shorter side that evaluation crops.
        crop: Option<f64> { otherwise("the dialect's"), flag("crop", "SHARE") }
        /// How evaluation makes a square: crops the resized image, squashes it, or cuts before resizing.
        fit: Option<Fit> { otherwise("the dialect's"), flag("fit", "FIT") }
        /// How images are resized.
        interpolation: Option<Interpolation> { otherwise("the dialect's"), flag("interpolation", "KERNEL") }
    }

    /// What computes; changes no result.
    compute: ComputeConfig, "Machine" {
        /// What computes: `cpu`, `cuda`, `cuda:N`, or `auto`, a GPU where there is one that works.
        device: String { otherwise("`cpu`; in a build with the feature `cuda`, `auto`"), flag("device", "DEVICE") }
        /// Threads that compute.
        threads: usize { otherwise("one per core"), within(1..=MOST_THREADS as u32), flag("threads", "N") }
        /// Threads that read and decode images.
        loader_threads: usize {
            otherwise("one per core"), within(1..=MOST_THREADS as u32), flag("loader-threads", "N")
        }
    }

    /// What is kept of a run, and when.
    checkpoints: CheckpointsConfig, "Run" {
        /// Checkpoints of the latest epochs that are kept beside the best one.
        keep: usize { default(1), within(1..), flag("keep", "N") }
        /// Steps after which a checkpoint is written within an epoch too; 0 for never.
        steps: u64 { default(0), within(0..), flag("checkpoint-steps", "N") }
        /// Minutes after which a checkpoint is written within an epoch too; 0 for never.
        minutes: f64 { default(0.0), within(0..), flag("checkpoint-minutes", "MINUTES") }
    }
}
