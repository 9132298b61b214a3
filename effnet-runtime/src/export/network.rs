//! A network as a graph.

use effnet_spec::plan::Linear;
use effnet_spec::{HeadKind, Size};

use super::error::{Error, Result};
use super::graph::Graph;
use super::layers::Layers;
use super::message::{AttributeProto, Dimension, GraphProto, ValueInfoProto, data_type};
use super::options::Options;
use crate::infer::fold::Source;
use crate::weights::Metadata;

/// Name of the graph's input.
pub(super) const IMAGES: &str = "images";

/// The graph of a network with `num_classes` classes, or, without any, of its embeddings.
pub(super) fn graph(
    source: &dyn Source,
    about: &Metadata,
    num_classes: usize,
    options: &Options,
) -> Result<GraphProto> {
    if options.size == Some(0) || options.batch == Some(0) {
        return Err(Error::NoImages);
    }
    let Metadata { spec, dialect, .. } = about;
    let mut layers = Layers {
        graph: Graph::default(),
        source,
        padding: dialect.padding,
        eps: dialect.bn_eps,
        options,
        size: options.size.map(Size::square),
    };
    let mut x = if options.preprocess {
        normalised(&mut layers.graph, spec.settings.in_channels, &dialect.mean, &dialect.std)
    } else {
        IMAGES.to_owned()
    };
    x = layers.layer(&spec.stem(), &x)?;
    for block in spec.blocks() {
        let input = x.clone();
        for site in block.sites() {
            x = layers.layer(&site, &x)?;
        }
        if block.has_shortcut() {
            x = layers.graph.node("Add", &format!("blocks.{}.add", block.index), &[&x, &input], Vec::new());
        }
    }
    if let Some(site) = spec.head() {
        x = layers.layer(&site, &x)?;
    }
    if spec.settings.head != HeadKind::Pooled {
        x = layers.graph.node("GlobalAveragePool", "head.mean", &[&x], Vec::new());
    }
    x = layers.graph.node("Flatten", "head.flatten", &[&x], Vec::new());
    let (mut output, mut width) = ("embeddings", spec.num_features());
    if let Some(classifier) = spec.classifier(num_classes) {
        (output, width) = ("logits", num_classes);
        let [weight, bias] = classifier.params().map(|param| (format!("{}.{}", Linear::NAME, param.name), param));
        let values = source.read(&weight.0, weight.1.elements())?;
        let matrix = layers.weight(&weight.0, &weight.1.shape, &values, true)?;
        layers.graph.floats(&bias.0, &bias.1.shape, &source.read(&bias.0, bias.1.elements())?);
        let transposed = vec![AttributeProto::int("transB", 1)];
        layers.graph.node("Gemm", Linear::NAME, &[&x, &matrix, &bias.0], transposed);
    }
    let batch = || Dimension::of(options.batch, "N");
    let [height, width_of_image] = ["H", "W"].map(|name| Dimension::of(options.size, name));
    let channels = Dimension::of(Some(spec.settings.in_channels), "C");
    let images = if options.preprocess {
        ValueInfoProto::new(IMAGES, data_type::UINT8, vec![batch(), height, width_of_image, channels])
    } else {
        ValueInfoProto::new(IMAGES, data_type::FLOAT, vec![batch(), channels, height, width_of_image])
    };
    let features = ValueInfoProto::new(output, data_type::FLOAT, vec![batch(), Dimension::of(Some(width), "")]);
    Ok(GraphProto {
        name: about.name.clone(),
        input: vec![images],
        output: vec![features],
        ..layers.graph.finish(output)
    })
}

/// `(byte / 255 - mean) / std` of bytes `[N, H, W, C]`, as floats `[N, C, H, W]`.
fn normalised(graph: &mut Graph, channels: usize, mean: &[f64], std: &[f64]) -> String {
    let of = |numbers: &[f64], channel: usize| numbers[channel.min(numbers.len() - 1)];
    let values = |value: &dyn Fn(usize) -> f64| (0..channels).map(|channel| value(channel) as f32).collect::<Vec<_>>();
    let scale = values(&|channel| 1.0 / (255.0 * of(std, channel)));
    let shift = values(&|channel| -of(mean, channel) / of(std, channel));
    let shape = [1, channels, 1, 1];
    graph.floats("images.scale", &shape, &scale);
    graph.floats("images.shift", &shape, &shift);
    let to = vec![AttributeProto::int("to", data_type::FLOAT as usize)];
    let x = graph.node("Cast", "images.float", &[IMAGES], to);
    let x = graph.node("Transpose", "images.nchw", &[&x], vec![AttributeProto::ints("perm", &[0, 3, 1, 2])]);
    let x = graph.node("Mul", "images.scaled", &[&x, "images.scale"], Vec::new());
    graph.node("Add", "images.normalised", &[&x, "images.shift"], Vec::new())
}
